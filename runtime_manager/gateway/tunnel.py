"""After a 101: bytes pass both ways and nobody looks at them.

Both transports change hands: from here on each belongs to an End, and the two protocols that
spoke HTTP on them hear no more of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from runtime_manager.gateway.ticker import Ticker


class Tunnel:
    """Two ends, tied: when one is lost the other is closed, after what it has still to write."""

    def __init__(self, ticker: Ticker, *, idle_timeout_s: float, ended: Callable[[], None]) -> None:
        self._ticker = ticker
        self._idle_timeout_s = idle_timeout_s
        self._ended = ended
        self._ends: list[asyncio.Transport] = []
        self.deadline = ticker.deadline(idle_timeout_s)

    def join(self, one: asyncio.Transport, other: asyncio.Transport) -> None:
        """Take both transports over; reading goes on where it was paused."""
        self._ends = [one, other]
        self._ticker.watched.add(self)
        one.set_protocol(End(self, other))
        other.set_protocol(End(self, one))
        for end in self._ends:
            if not end.is_closing():
                end.resume_reading()

    def touch(self) -> None:
        """A byte has moved."""
        self.deadline = self._ticker.deadline(self._idle_timeout_s)

    def expire(self) -> None:
        """No byte has moved for too long."""
        self.abort()

    def abort(self) -> None:
        """End both at once."""
        for end in self._ends:
            end.abort()

    def lost(self, other: asyncio.Transport) -> None:
        """One end is gone; told by each end once."""
        if self in self._ticker.watched:
            self._ticker.watched.discard(self)
            self._ended()
        other.close()


class End(asyncio.Protocol):
    """One side of a tunnel."""

    __slots__ = ("_other", "_tunnel")

    def __init__(self, tunnel: Tunnel, other: asyncio.Transport) -> None:
        self._tunnel = tunnel
        self._other = other

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self._tunnel.touch()
        self._other.write(data)

    def pause_writing(self) -> None:
        """See asyncio.Protocol."""
        if not self._other.is_closing():
            self._other.pause_reading()

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        if not self._other.is_closing():
            self._other.resume_reading()

    def eof_received(self) -> bool:
        """See asyncio.Protocol; half-closed tunnels are not kept."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._tunnel.lost(self._other)
