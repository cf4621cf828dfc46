"""What `serve` does: claim the home, read the settings, listen, say so; then bring in the rest.

Whoever starts us waits for the line that says where we listen. So that much is done with few
imports, and aiohttp and its like are only brought in after it; the socket queues meanwhile.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from runtime_manager import __version__
from runtime_manager.client.whereabouts import Whereabouts, process_started_at
from runtime_manager.daemon.announcement import announce, announce_failure
from runtime_manager.daemon.claim import API_VERSION, Claim
from runtime_manager.daemon.credential import given_token
from runtime_manager.daemon.early_signals import EarlySignals
from runtime_manager.daemon.ground import Ground
from runtime_manager.daemon.joining import join
from runtime_manager.daemon.listening import api_socket, lends_socket, listening_socket
from runtime_manager.daemon.options import ServeOptions
from runtime_manager.daemon.read_settings import read_settings
from runtime_manager.daemon.systemd import ServiceManager
from runtime_manager.errors import AlreadyRunningError, RuntimeManagerError, SettingsError
from runtime_manager.model.home import Home, locate

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

EXIT_FAILED, EXIT_BAD_CONFIGURATION = 1, 78
_LONGEST_END_S = 120.0
"""So long another daemon's end is waited for."""


def run(options: ServeOptions) -> int:
    """Run the daemon until it is asked to stop; gives the exit code, also for a user's error."""
    manager, early = ServiceManager(os.environ), EarlySignals()
    try:
        return _run_or_join(options, manager, early)
    except SettingsError as exc:
        _complain(exc, options)
        return EXIT_BAD_CONFIGURATION
    except RuntimeManagerError as exc:
        _complain(exc, options)
        return EXIT_FAILED


def _run_or_join(options: ServeOptions, manager: ServiceManager, early: EarlySignals) -> int:
    """Be the daemon, or join the one there is; one that ends first leaves the home to us."""
    home, until = locate(options.home, os.environ), time.monotonic() + _LONGEST_END_S
    while not early.seen:
        try:
            return _run(home, options, manager=manager, early=early)
        except AlreadyRunningError:
            if time.monotonic() > until:
                raise
        exit_code = join(home, options, is_service=manager.is_present, early=early)
        if exit_code is not None:
            return exit_code
    return 0


def _run(home: Home, options: ServeOptions, *, manager: ServiceManager, early: EarlySignals) -> int:
    claim = Claim(home, given_token(os.environ))
    claim.take()
    try:
        settings = read_settings(home, options)
        is_socket_lent = lends_socket(os.environ)
        with (
            listening_socket(settings.listen, os.environ) as sock,
            api_socket(home.api_socket) as api_sock,
        ):
            whereabouts = _whereabouts(home, claim, sock)
            claim.publish(whereabouts)
            if options.announce:
                announce(whereabouts)
            return _serve(
                Ground(
                    home,
                    settings,
                    options,
                    claim=claim,
                    sock=sock,
                    api_sock=api_sock,
                    whereabouts=whereabouts,
                    manager=manager,
                    early=early,
                    is_socket_lent=is_socket_lent,
                )
            )
    finally:
        claim.release()


def _serve(ground: Ground) -> int:
    import asyncio

    from runtime_manager.daemon.service import serve

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(serve(ground))


def _loop_factory() -> Callable[[], AbstractEventLoop] | None:
    """uvloop's loop where there is one; None is asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _whereabouts(home: Home, claim: Claim, sock: socket.socket) -> Whereabouts:
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


def _complain(exc: RuntimeManagerError, options: ServeOptions) -> None:
    if options.announce:
        announce_failure(exc)
    hint = f"\nhint: {exc.hint}" if exc.hint else ""
    sys.stderr.write(f"rtm: {exc.message}{hint}\n")
