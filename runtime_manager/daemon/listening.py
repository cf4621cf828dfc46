"""The sockets that listen before anything else is done: the gateway's, and the control API's.

The gateway's is received from the service manager or bound here; every worker inherits it.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from runtime_manager.errors import DaemonError, PortTakenError, SettingsError
from runtime_manager.model.address import parse_address

_BACKLOG = 4096
_FIRST_FD = 3


def listening_socket(listen: str, environ: MutableMapping[str, str]) -> socket.socket:
    """A socket that listens, close-on-exec. Raises PortTakenError, SettingsError.

    A socket passed by the service manager (sd_listen_fds(3)) is used instead of `listen`; the
    variables that spoke of it are taken out of `environ`.
    """
    received = _received(environ)
    return received if received is not None else _bound(listen)


def lends_socket(environ: Mapping[str, str]) -> bool:
    """Whether the service manager passes one (sd_listen_fds(3)), which it keeps when we end."""
    count, pid = environ.get("LISTEN_FDS", ""), environ.get("LISTEN_PID", "")
    return count.isdigit() and int(count) >= 1 and pid == str(os.getpid())


def api_socket(path: Path) -> socket.socket:
    """A socket at `path` that listens, for this user alone. Raises DaemonError.

    One left there is replaced: whoever calls holds the home's lock.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)
        sock.bind(str(path))
        path.chmod(0o600)
        sock.listen(_BACKLOG)
    except OSError as exc:
        sock.close()
        raise DaemonError(f"cannot listen on {path}: {exc.strerror}") from exc
    return sock


def _received(environ: MutableMapping[str, str]) -> socket.socket | None:
    is_lent, count = lends_socket(environ), environ.get("LISTEN_FDS", "")
    for name in ("LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"):
        environ.pop(name, None)
    if not is_lent:
        return None
    if int(count) > 1:
        raise SettingsError(
            f"the service manager passes {count} sockets, and one can be served",
            hint="leave one ListenStream= in runtime-manager.socket",
        )
    os.set_inheritable(_FIRST_FD, False)
    sock = socket.socket(fileno=_FIRST_FD)
    is_listening = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    if sock.family not in (socket.AF_INET, socket.AF_INET6) or not is_listening:
        sock.close()
        raise SettingsError(
            "the socket that the service manager passes does not listen on TCP",
            hint="ListenStream= in runtime-manager.socket must be an address and a port",
        )
    return sock


def _bound(listen: str) -> socket.socket:
    host, port = parse_address(listen)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(_BACKLOG)
    except OSError as exc:
        sock.close()
        raise _refusal(exc, host, port) from exc
    return sock


def _refusal(exc: OSError, host: str, port: int) -> PortTakenError | SettingsError:
    # Imported only here: it brings asyncio and psutil, which a good start need not wait for.
    from runtime_manager.process.ports import owner_text

    if exc.errno == 98 or exc.errno == 48:  # EADDRINUSE on Linux, on macOS
        return PortTakenError(
            f"{host}:{port} is in use{owner_text(port)}",
            hint="stop that program, or choose another with --listen (port 0: any free one)",
        )
    return SettingsError(
        f"cannot listen on {host}:{port}: {exc.strerror}", hint="see `listen` and --listen"
    )
