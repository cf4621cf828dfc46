"""Where a generation is told to listen: a held port, a socket path, or a socket of ours.

A berth is made before the spawn and released after it. `listen: fd` keeps one listening socket per
provider across its generations, so that no connection is refused between two of them.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runtime_manager.errors import PortTakenError, SpawnError
from runtime_manager.model.endpoint import Endpoint, TcpEndpoint, UnixEndpoint
from runtime_manager.model.manifest import Listen, Manifest
from runtime_manager.process.ports import Reservation, open_listener, reserve
from runtime_manager.process.scarcity import is_scarce

HOST = "127.0.0.1"


@dataclass(slots=True)
class Berth:
    """One generation's place; `place` names it for placeholders.

    `endpoint` is None until a `report` program has told it.
    """

    endpoint: Endpoint | None
    place: Mapping[str, str]
    reservation: Reservation | None = None
    listener: socket.socket | None = None
    path: Path | None = field(default=None)

    def listening(self) -> None:
        """The program listens: the port is its own now."""
        if self.reservation is not None:
            self.reservation.release()
            self.reservation = None

    def release(self) -> None:
        """Give up what was held for the generation; safe to call twice."""
        self.listening()
        if self.path is not None:
            self.path.unlink(missing_ok=True)


class Berths:
    """Makes the berths of one provider; `close` ends the listening socket kept for `fd`."""

    def __init__(self, manifest: Manifest, *, sockets: Path) -> None:
        self._manifest = manifest
        self._sockets = sockets
        self._listener: socket.socket | None = None
        self._holds_port = True

    def take(self, generation: int) -> Berth:
        """A place for `generation`. Raises SpawnError where none can be had."""
        try:
            return self._take(generation)
        except PortTakenError as exc:
            raise SpawnError(
                exc.message, is_permanent=False, hint=exc.hint, kind="port-taken"
            ) from exc
        except OSError as exc:
            raise SpawnError(
                f"no place to listen: {exc.strerror}",
                is_permanent=False,
                is_scarcity=is_scarce(exc),
                hint="see ulimit -n, the free space of run/, and that a port below 1024 is allowed",
            ) from exc

    def let_go_early(self) -> None:
        """From now on release a port before the spawn: the program could not share it.

        A server that sets no SO_REUSEADDR cannot bind where our reservation is bound
        (socket(7)); it gets the port a moment before it starts, with the race that brings.
        """
        self._holds_port = False

    def adopt(self, manifest: Manifest) -> None:
        """Make the next berths as another manifest says; a socket is kept where it still fits."""
        old, self._manifest = self._manifest, manifest
        if (old.listen, old.port) != (manifest.listen, manifest.port):
            self.close()
        self._holds_port = True

    def close(self) -> None:
        """End the listening socket kept across generations, if there is one."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def _take(self, generation: int) -> Berth:
        match self._manifest.listen:
            case Listen.PORT:
                return self._port()
            case Listen.UNIX:
                path = self._sockets / f"{self._manifest.code[:40]}.{generation}.sock"
                path.unlink(missing_ok=True)
                return Berth(UnixEndpoint(path), {"socket": str(path)}, path=path)
            case Listen.FD:
                return self._inherited()
            case Listen.REPORT:
                return Berth(None, {"host": HOST, "port": "0"})

    def _port(self) -> Berth:
        held = reserve(host=HOST, port=self._manifest.port)
        berth = Berth(
            TcpEndpoint(held.host, held.port),
            {"host": held.host, "port": str(held.port)},
            reservation=held,
        )
        if not self._holds_port:
            berth.listening()
        return berth

    def _inherited(self) -> Berth:
        if self._listener is None:
            self._listener = open_listener(host=HOST, port=self._manifest.port)
        host, port = self._listener.getsockname()[:2]
        return Berth(
            TcpEndpoint(host, port),
            {"host": host, "port": str(port), "fd": "3"},
            listener=self._listener,
        )
