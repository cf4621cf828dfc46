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
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from runtime_manager.daemon.announcement import announce, announce_failure
from runtime_manager.daemon.attachment import Attachment
from runtime_manager.daemon.claim import Claim
from runtime_manager.daemon.credential import given_token
from runtime_manager.daemon.early_signals import EarlySignals
from runtime_manager.daemon.ground import Ground, whereabouts_of
from runtime_manager.daemon.joining import join
from runtime_manager.daemon.listening import api_socket, lends_socket, listening_socket
from runtime_manager.daemon.options import ServeOptions
from runtime_manager.daemon.read_settings import read_settings
from runtime_manager.daemon.succession import Succession, ask_to_succeed
from runtime_manager.daemon.systemd import ServiceManager
from runtime_manager.errors import AlreadyRunningError, RuntimeManagerError, SettingsError
from runtime_manager.model.home import Home, locate
from runtime_manager.model.settings import Settings

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

EXIT_FAILED, EXIT_BAD_CONFIGURATION = 1, 78
_LONGEST_END_S = 120.0
"""So long another daemon's end is waited for."""


def run(options: ServeOptions) -> int:
    """Run the daemon until it is asked to stop; gives the exit code, also for a user's error."""
    manager, early = ServiceManager(os.environ), EarlySignals()
    try:
        home = locate(options.home, os.environ)
        return _run_or_join(_Call(home, options, manager, early))
    except SettingsError as exc:
        _complain(exc, options)
        return EXIT_BAD_CONFIGURATION
    except RuntimeManagerError as exc:
        _complain(exc, options)
        return EXIT_FAILED


@dataclass(frozen=True, slots=True)
class _Call:
    """How we were called."""

    home: Home
    options: ServeOptions
    manager: ServiceManager
    early: EarlySignals


def _run_or_join(call: _Call) -> int:
    """Be the daemon, or join the one there is; one that ends first leaves the home to us."""
    until = time.monotonic() + _LONGEST_END_S
    while not call.early.seen:
        try:
            return _run(call)
        except AlreadyRunningError:
            if time.monotonic() > until:
                raise
        exit_code = _take_over(call) if call.options.replace else _join(call)
        if exit_code is not None:
            return exit_code
    return 0


def _join(call: _Call) -> int | None:
    is_service = call.manager.is_present
    return join(call.home, call.options, is_service=is_service, early=call.early)


def _run(call: _Call) -> int:
    claim = Claim(call.home, given_token(os.environ))
    claim.take()
    try:
        settings = read_settings(call.home, call.options)
        is_socket_lent = lends_socket(os.environ)
        with (
            listening_socket(settings.listen, os.environ) as sock,
            api_socket(call.home.api_socket) as api_sock,
        ):
            ground = _ground(call, settings, claim=claim, socks=(sock, api_sock))
            return _live(replace(ground, is_socket_lent=is_socket_lent))
    finally:
        claim.release()


def _take_over(call: _Call) -> int | None:
    """Be the daemon in place of the one there is; None where it does not listen for that (yet).

    Settings are read and everything is imported before it is asked, since callers wait from then
    on. A bad setting leaves it as it is.
    """
    settings = read_settings(call.home, call.options)
    import runtime_manager.daemon.service  # noqa: F401

    estate = ask_to_succeed(call.home)
    if estate is None:
        return None
    claim = Claim(call.home, given_token(os.environ))
    claim.inherit(estate.lock, token=estate.token, session_key=estate.session_key)
    try:
        with estate.sock as sock, estate.api_sock as api_sock:
            ground = _ground(call, settings, claim=claim, socks=(sock, api_sock))
            return _live(replace(ground, estate=estate, connections=estate.connections))
    finally:
        claim.release()


def _ground(
    call: _Call, settings: Settings, *, claim: Claim, socks: tuple[socket.socket, socket.socket]
) -> Ground:
    sock, api_sock = socks
    return Ground(
        call.home,
        settings,
        call.options,
        claim=claim,
        sock=sock,
        api_sock=api_sock,
        whereabouts=whereabouts_of(call.home, claim, sock),
        manager=call.manager,
        early=call.early,
        is_socket_lent=False,
    )


def _live(ground: Ground) -> int:
    """Say where we are, and serve until the end, or until another takes over."""
    ground.claim.publish(ground.whereabouts)
    if ground.options.announce:
        announce(ground.whereabouts)
    while True:
        with closing(Succession(ground.home.succession_socket)) as succession:
            exit_code = _serve(replace(ground, succession=succession))
        if not succession.has_heir:
            return exit_code
        early = EarlySignals()
        if succession.hand_over(ground.claim, sock=ground.sock, api_sock=ground.api_sock):
            ground.claim.forget()
            for sock in (ground.sock, ground.api_sock, *succession.connections):
                sock.close()  # or callers would queue here once the heir has ended
            return _follow(ground, early)
        # The heir has died over it, so we go on.
        ground = replace(ground, early=early, connections=succession.connections)


def _follow(ground: Ground, early: EarlySignals) -> int:
    """Hold the daemon that has taken over, for who has started us and takes us for it."""
    if not ground.options.is_tied:
        return 0
    return Attachment(ground.home, ground.options, early).last(None)


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


def _complain(exc: RuntimeManagerError, options: ServeOptions) -> None:
    if options.announce:
        announce_failure(exc)
    hint = f"\nhint: {exc.hint}" if exc.hint else ""
    sys.stderr.write(f"rtm: {exc.message}{hint}\n")
