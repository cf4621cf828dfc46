"""What the daemon stands on: all that is settled before the loop runs."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from runtime_manager.client.whereabouts import Whereabouts
from runtime_manager.daemon.claim import Claim
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
    estate: Estate | None = None
    succession: Succession | None = None
