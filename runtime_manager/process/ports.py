"""Ports that are ours until a child listens on them, and listening sockets that stay ours.

A bound socket with SO_REUSEADDR that does not listen keeps everybody who asks for any free port
away, and still lets a child with SO_REUSEADDR bind the same address (socket(7)).
"""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass

import psutil

from runtime_manager.errors import PortTakenError
from runtime_manager.process.listeners import holder_of

_BACKLOG = 1024


@dataclass(slots=True)
class Reservation:
    """A held port; `release` it once the child listens."""

    host: str
    port: int
    _sock: socket.socket

    def release(self) -> None:
        """Let the port go; safe to call twice."""
        self._sock.close()


def reserve(*, host: str = "127.0.0.1", port: int = 0) -> Reservation:
    """Hold `port`, or a free one for 0. Raises PortTakenError, OSError."""
    sock = _bound(host, port)
    return Reservation(host, sock.getsockname()[1], sock)


def open_listener(*, host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    """A listening socket to pass on; the caller closes it. Raises as `reserve` does."""
    sock = _bound(host, port)
    sock.listen(_BACKLOG)
    return sock


def _bound(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except OSError as exc:
        sock.close()
        if exc.errno == errno.EADDRINUSE:
            raise PortTakenError(
                f"port {port} is in use{owner_text(port, host=host)}",
                hint="stop that program, or choose another port (0: any free one)",
            ) from exc
        raise
    return sock


def owner_text(port: int, *, host: str = "127.0.0.1") -> str:
    """` by NAME (pid N)` where the listener on `port` can be told, else the empty string."""
    pid = holder_of(port, host=host)
    return "" if pid is None else f" by {_name(pid)} (pid {pid})"


def _name(pid: int) -> str:
    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return "a process"
