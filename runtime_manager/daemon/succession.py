"""A home changes hands while it is open: `serve --replace` takes it over from the daemon there is.

The heir asks on a Unix socket of its own, 0600 in the private run folder. The old daemon takes no
more connections, which queue in the listening socket, drains, stops its providers, and then passes
lock and listening sockets (SCM_RIGHTS, unix(7)) with what must stay the same: token, session key,
leases. Lock and sockets are never let go in between, so nobody else gets in and nobody is refused.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runtime_manager.client.whereabouts import read_whereabouts
from runtime_manager.errors import DaemonError
from runtime_manager.lifecycle.leases import Lease, Leases
from runtime_manager.model.home import Home

if TYPE_CHECKING:
    from runtime_manager.daemon.claim import Claim

_ASK = b'{"take":"over"}\n'
_TAKEN = b"taken\n"
_ASK_S = 5.0
_DEED_S = 10.0
_LOOK_S = 0.05
_PATIENCE_S = 30.0
_FDS = 3
_LOT = 250
"""Fewer than SCM_MAX_FD, 253 on Linux (unix(7))."""
_MOST_BYTES = 1 << 22


@dataclass(frozen=True, slots=True)
class Estate:
    """What the heir is given: the lock, the gateway's and the API's sockets, and what stays."""

    lock: int
    sock: socket.socket
    api_sock: socket.socket
    token: str
    session_key: bytes
    is_for_clients: bool
    leases: tuple[Lease, ...]
    connections: tuple[socket.socket, ...]


class Succession:
    """The old daemon's side: listens for one heir. `close` it; what was promised is then given."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sock = _listening(path)
        self._heir: socket.socket | None = None
        self.leases = Leases(is_binding=False)
        """Who holds us at our end."""
        self.connections: tuple[socket.socket, ...] = ()
        """Those of clients that keep them for a next request."""

    @property
    def has_heir(self) -> bool:
        """Whether somebody waits to take over."""
        return self._heir is not None

    async def wait_for_heir(self, *, within_s: float) -> None:
        """Return once one has asked, and been told that it takes `within_s` seconds at most."""
        loop = asyncio.get_running_loop()
        while self._heir is None:
            connection, _ = await loop.sock_accept(self._sock)
            try:
                async with asyncio.timeout(_ASK_S):
                    if await loop.sock_recv(connection, 1024) == _ASK:
                        answer = json.dumps({"within_s": within_s, "pid": os.getpid()})
                        await loop.sock_sendall(connection, answer.encode() + b"\n")
                        self._heir = connection
            except (OSError, TimeoutError):
                pass
            finally:
                if self._heir is not connection:
                    connection.close()

    def hand_over(self, claim: Claim, *, sock: socket.socket, api_sock: socket.socket) -> bool:
        """Pass everything to the heir; False where it has gone, and everything is still ours."""
        heir, self._heir = self._heir, None
        if heir is None:
            return False
        told = {
            "token": claim.token,
            "session_key": claim.session_key.hex(),
            "is_for_clients": self.leases.is_binding,
            "connections": len(self.connections),
            "leases": [[x.id, x.kind, x.name, x.ttl_s] for x in self.leases.held],
        }
        with heir, suppress(OSError):
            heir.settimeout(_DEED_S)
            socket.send_fds(heir, [b"\n"], [claim.lock, sock.fileno(), api_sock.fileno()])
            heir.sendall(json.dumps(told).encode() + b"\n")
            _send_all(heir, self.connections)
            return heir.recv(len(_TAKEN)) == _TAKEN
        return False

    def close(self) -> None:
        """Listen no more; the heir there is goes on waiting. Safe to call twice."""
        if self._sock.fileno() >= 0:
            self._sock.close()
            self._path.unlink(missing_ok=True)


class Heir:
    """The new daemon's side; made by `ask`."""

    def __init__(self, connection: socket.socket, within_s: float) -> None:
        self._connection = connection
        self.within_s = within_s

    @classmethod
    def ask(cls, path: Path) -> Heir | None:
        """Ask the daemon there is to hand over; None where none listens for that."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(_ASK_S)
        try:
            connection.connect(str(path))
            connection.sendall(_ASK)
            said = json.loads(_line(connection))
            return cls(connection, float(said["within_s"]))
        except (OSError, ValueError, KeyError, TypeError):
            connection.close()
            return None

    def inherit(self) -> Estate:
        """Wait until the old daemon has drained and stopped, and take what it gives.

        Raises DaemonError where it dies over that.
        """
        with self._connection as connection:
            connection.settimeout(self.within_s + _DEED_S)
            try:
                _, files, _, _ = socket.recv_fds(connection, 1, _FDS)
                if len(files) != _FDS:
                    raise DaemonError("the daemon ended before it handed over")
                told = json.loads(_line(connection))
                kept = _receive_all(connection, int(told["connections"]))
                for file in files:
                    os.set_inheritable(file, False)
                connection.sendall(_TAKEN)
            except (OSError, ValueError) as exc:
                raise DaemonError(f"the daemon did not hand over: {exc}") from exc
        return Estate(
            lock=files[0],
            sock=socket.socket(fileno=files[1]),
            api_sock=socket.socket(fileno=files[2]),
            token=told["token"],
            session_key=bytes.fromhex(told["session_key"]),
            is_for_clients=told["is_for_clients"],
            leases=tuple(Lease(*facts) for facts in told["leases"]),
            connections=kept,
        )


def ask_to_succeed(home: Home) -> Estate | None:
    """Ask the daemon of `home` for it, and wait for it to hand over; None: it listens for no heir.

    It may be about to come up or to end. Raises DaemonError where it does not for long, as one of
    an earlier version, or dies over it.
    """
    until = time.monotonic() + _PATIENCE_S
    while (heir := Heir.ask(home.succession_socket)) is None:
        found = read_whereabouts(home)
        if found is None or not found.is_current():
            return None
        if time.monotonic() > until:
            raise DaemonError(
                f"the daemon that runs (version {found.version}, pid {found.pid}) hands over to "
                "nobody",
                hint=f"stop it first: kill {found.pid}",
            )
        time.sleep(_LOOK_S)
    return heir.inherit()


def _listening(path: Path) -> socket.socket:
    """For this user alone; one left there is replaced, since we hold the home's lock."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)
        sock.bind(str(path))
        path.chmod(0o600)
        sock.listen(8)
        sock.setblocking(False)
    except OSError as exc:
        sock.close()
        raise DaemonError(f"cannot listen on {path}: {exc.strerror}") from exc
    return sock


def _send_all(heir: socket.socket, connections: Sequence[socket.socket]) -> None:
    """As many at a time as the kernel passes; each lot is asked for.

    Or it could be read with what was sent before it, by a call that takes no descriptors.
    """
    for begin in range(0, len(connections), _LOT):
        lot = [one.fileno() for one in connections[begin : begin + _LOT]]
        heir.recv(1)
        socket.send_fds(heir, [b"+"], lot)


def _receive_all(connection: socket.socket, count: int) -> tuple[socket.socket, ...]:
    """The connections of clients; what this process may not open beyond its limit is lost."""
    kept: list[socket.socket] = []
    for _ in range(0, count, _LOT):
        connection.sendall(b"+")
        _, files, _, _ = socket.recv_fds(connection, 1, _LOT)
        for file in files:
            os.set_inheritable(file, False)
            kept.append(socket.socket(fileno=file))
    return tuple(kept)


def _line(connection: socket.socket) -> bytes:
    """What comes up to a newline. Raises ConnectionError where nothing does."""
    got = b""
    while not got.endswith(b"\n"):
        piece = connection.recv(65536)
        if not piece or len(got) > _MOST_BYTES:
            raise ConnectionResetError("it hung up")
        got += piece
    return got
