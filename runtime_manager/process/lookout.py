"""Sees which TCP ports are listened on: one question to the kernel, for all that want to know.

What is seen only tells when and how to ask: whether a program serves is told by its answer, and
whose the listener is by who holds it (listeners.py).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from runtime_manager.process.socket_diag import SocketDiag


@dataclass(frozen=True, slots=True)
class Seen:
    """Who listens on one port: the sockets, by address and inode.

    `is_crowded`: connections wait there to be accepted.
    """

    sockets: frozenset[tuple[bytes, int]] = frozenset()
    is_crowded: bool = False


NOBODY = Seen()
"""Nobody listens."""


class Lookout:
    """Looks when asked to; `close` it."""

    def __init__(self) -> None:
        self._diag: SocketDiag | None = None

    def look(self, ports: Collection[int]) -> Mapping[int, Seen] | None:
        """Who listens on `ports`, whatever the address; None where the kernel does not tell.

        A port on which nobody listens is not in the answer.
        """
        try:
            self._diag = self._diag or SocketDiag()
            listeners = self._diag.listening(ports)
        except (OSError, AttributeError):
            self.close()
            return None
        found: dict[int, Seen] = {}
        for one in listeners:
            before = found.get(one.port, NOBODY)
            sockets = before.sockets | {(one.address, one.inode)}
            found[one.port] = Seen(sockets, before.is_crowded or one.waiting > 0)
        return found

    def close(self) -> None:
        """Give the socket back; safe to call twice, and `look` works on."""
        if self._diag is not None:
            self._diag.close()
            self._diag = None
