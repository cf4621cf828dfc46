"""Closing on a client that is still sending: our answer must not be lost to a reset.

Closing a socket with unread input makes the kernel send a reset, which can destroy an answer the
client has not read (RFC 9112 section 9.6). So: say we are done, read on for a while, then close.
"""

from __future__ import annotations

import asyncio

from runtime_manager.gateway.ticker import Ticker

LINGER_S = 2.0


class Linger(asyncio.Protocol):
    """Takes over a client's transport and throws away what comes, until it ends or time is up."""

    def __init__(self, transport: asyncio.Transport, ticker: Ticker) -> None:
        self._transport = transport
        self._ticker = ticker
        self.deadline = ticker.deadline(LINGER_S)

    def start(self) -> None:
        """Shut our side and read on."""
        self._ticker.watched.add(self)
        self._transport.set_protocol(self)
        self._transport.resume_reading()
        self._transport.write_eof()

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""

    def eof_received(self) -> bool:
        """See asyncio.Protocol."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._ticker.watched.discard(self)

    def expire(self) -> None:
        """Time is up."""
        self.abort()

    def abort(self) -> None:
        """See `Timed`."""
        self._transport.abort()
