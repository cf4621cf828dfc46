"""What the daemon stands on: all that is settled before the loop runs."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass

from runtime_manager import __version__
from runtime_manager.client.process import process_started_at
from runtime_manager.client.whereabouts import Whereabouts
from runtime_manager.daemon.claim import API_VERSION, Claim
from runtime_manager.daemon.early_signals import EarlySignals
from runtime_manager.daemon.options import ServeOptions
from runtime_manager.daemon.succession import Estate, Succession
from runtime_manager.daemon.systemd import ServiceManager
from runtime_manager.model.home import Home
from runtime_manager.model.settings import Settings


@dataclass(frozen=True, slots=True)
class Ground:
    """The claim on the home, the settings, and the sockets that already listen.

    `is_socket_lent`: the gateway's goes on listening without us, held by the service manager.
    `is_embedded`: the process is another program's, whose signals, log and children are its own.
    `connections` are open already, kept by their clients for a next request.
    `estate` is what an earlier daemon has left us; `succession` is None where none may follow.
    """

    home: Home
    settings: Settings
    options: ServeOptions
    claim: Claim
    sock: socket.socket
    api_sock: socket.socket
    whereabouts: Whereabouts
    manager: ServiceManager
    early: EarlySignals
    is_socket_lent: bool
    is_embedded: bool = False
    connections: tuple[socket.socket, ...] = ()
    estate: Estate | None = None
    succession: Succession | None = None


def whereabouts_of(home: Home, claim: Claim, sock: socket.socket) -> Whereabouts:
    """What is to be told of this process, which listens on `sock`."""
    host, port = sock.getsockname()[:2]
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)
    url_host = f"[{reachable}]" if ":" in reachable and "[" not in reachable else reachable
    return Whereabouts(
        url=f"http://{url_host}:{port}",
        socket=str(home.api_socket),
        pid=os.getpid(),
        started_at=time.time(),
        token_file=str(claim.token_file),
        nonce=claim.nonce,
        version=__version__,
        api=API_VERSION,
        process_started_at=process_started_at(os.getpid()),
    )
