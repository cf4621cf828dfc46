"""What `serve` does on a home that has its daemon: points at it, and holds a lease on it if tied.

A daemon that is about to end grants no lease. Then its end is waited for and None given, which
asks the caller to be the daemon itself: nobody is ever told an address that is about to go.
Standard library only: an answer comes before anything heavy is imported.
"""

from __future__ import annotations

import sys
import time

from runtime_manager.client.failures import NoDaemonError, ProblemError
from runtime_manager.client.socket_client import SocketClient
from runtime_manager.client.targets import LEASES
from runtime_manager.client.whereabouts import Whereabouts, read_whereabouts
from runtime_manager.daemon.announcement import announce
from runtime_manager.daemon.attachment import Attachment, refusal, take_hold
from runtime_manager.daemon.early_signals import EarlySignals
from runtime_manager.daemon.options import FIRST_CLIENT_S, ServeOptions
from runtime_manager.errors import DaemonEndingError, DaemonError, ProtocolError
from runtime_manager.model.home import Home

EXIT_FAILED = 1
_LOOK_S = 0.05
_PATIENCE_S = 10.0


def join(home: Home, options: ServeOptions, *, is_service: bool, early: EarlySignals) -> int | None:
    """The exit code, after as long as the lease lasts; None: it has gone, so claim the home again.

    `is_service`: a service manager must not take another's daemon for ours, so that is a failure.
    Raises DaemonError where the home has a daemon that cannot be found.
    """
    found = _found(home)
    if found is None:
        return None
    if is_service or not options.is_for_clients:
        _refer(found, options)
        return EXIT_FAILED if is_service else 0
    try:
        return _hold(home, found, options=options, early=early)
    except (NoDaemonError, ProtocolError, DaemonEndingError):
        time.sleep(_LOOK_S)
        return None


def _found(home: Home) -> Whereabouts | None:
    """What the lock's holder has published; None once there is nothing, as with one that ends.

    What is there may be an earlier daemon's that was killed, while the new one is starting.
    """
    until = time.monotonic() + _PATIENCE_S
    while (found := read_whereabouts(home)) is not None and not found.is_current():
        if time.monotonic() > until:
            raise DaemonError(
                f"a daemon holds {home.lock}, but {home.runtime_json} is not of it",
                hint="end it: fuser -v shows who holds the lock",
            )
        time.sleep(_LOOK_S)
    if found is None:
        time.sleep(_LOOK_S)
    return found


def _hold(home: Home, found: Whereabouts, *, options: ServeOptions, early: EarlySignals) -> int:
    """Hold a lease for as long as we are tied, or leave one for whoever comes."""
    if options.is_tied:
        hold = take_hold(found)
        _refer(found, options)
        return Attachment(home, options, early).last(hold)
    try:
        wait: dict[str, object] = {"ttl": FIRST_CLIENT_S, "name": "the next client"}
        SocketClient(found.socket).post(LEASES, {**wait, "until_next": True})
    except ProblemError as error:
        raise refusal(error, found) from error
    _refer(found, options)
    return 0


def _refer(found: Whereabouts, options: ServeOptions) -> None:
    if options.announce:
        announce(found, is_existing=True)
    else:
        sys.stdout.write(f"already running at {found.url} (pid {found.pid})\n")
        sys.stdout.flush()
