"""What a program says of itself: datagrams to the NOTIFY_SOCKET it was given (sd_notify(3))."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from pathlib import Path

_DATAGRAM = 4096


class NotifySocket:
    """A datagram socket at `path`; `close` removes it. `heard` is called in the running loop."""

    def __init__(self, path: Path, heard: Callable[[frozenset[str]], None]) -> None:
        self.path = path
        self._heard = heard
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._sock.setblocking(False)
            self._bind()
        except OSError:
            self._sock.close()
            raise
        asyncio.get_running_loop().add_reader(self._sock.fileno(), self._read)

    def close(self) -> None:
        """Hear no more; safe to call twice."""
        if self._sock.fileno() < 0:
            return
        asyncio.get_running_loop().remove_reader(self._sock.fileno())
        self._sock.close()
        self.path.unlink(missing_ok=True)

    def _bind(self) -> None:
        try:
            self._sock.bind(str(self.path))
        except OSError as exc:
            if exc.errno != errno.EADDRINUSE:
                raise
            self.path.unlink()  # an earlier daemon's, which was killed
            self._sock.bind(str(self.path))

    def _read(self) -> None:
        try:
            datagram = self._sock.recv(_DATAGRAM)
        except OSError:
            return
        lines = datagram.decode(errors="replace").splitlines()
        self._heard(frozenset(line for line in lines if line))
