"""Runs the daemon in its loop, until a signal or a tie asks it to stop."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from contextlib import AsyncExitStack
from functools import partial

import structlog

from runtime_manager import __version__
from runtime_manager.api.sessions import dashboard_address
from runtime_manager.client.targets import REPLACED
from runtime_manager.clock import SystemClock
from runtime_manager.daemon import ties
from runtime_manager.daemon.assemble import Daemon, assemble
from runtime_manager.daemon.beside import beside
from runtime_manager.daemon.early_signals import ENDING
from runtime_manager.daemon.ground import Ground
from runtime_manager.daemon.heartbeat import beat, extend_stop
from runtime_manager.daemon.lease_desk import LeaseDesk
from runtime_manager.daemon.occasions import reloading
from runtime_manager.daemon.options import FIRST_CLIENT_S
from runtime_manager.daemon.own_log import log_to_stderr, take_libraries
from runtime_manager.daemon.status_line import keep_told
from runtime_manager.lifecycle.leases import opening_leases
from runtime_manager.model.address import is_loopback

_log = structlog.get_logger()
_FAREWELL_S = 15.0
"""What the end takes at most beside the stop of the providers: the last answers, the guard."""


class StopRequest:
    """Set once by whatever asks the daemon to stop; a second ask is in a hurry."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.hurried = asyncio.Event()
        self.reason = ""

    def ask(self, reason: str) -> None:
        """Stop; asked again, stop without grace."""
        is_again = self.asked.is_set()
        self.reason = self.reason or reason
        if is_again:
            self.hurried.set()
        self.asked.set()
        _log.info("daemon.stop_asked", reason=reason, again=is_again)


async def serve(ground: Ground) -> int:
    """Run until a signal or a tie ends it; gives the exit code."""
    stop = StopRequest()
    async with AsyncExitStack() as stack:
        configure_log = log_to_stderr(stack)
        configure_log(ground.settings)
        take_libraries(stack)
        _listen_for_signals(stop, ground, stack)
        desk = _desk(ground, stop)
        stack.callback(desk.close, "it has ended")
        _tie(ground, desk, stack)
        await stack.enter_async_context(beside(beat(ground.manager)))
        if stop.asked.is_set():
            return 0
        daemon = await assemble(ground, stack, desk, configure_log=configure_log)
        await stack.enter_async_context(
            reloading(ground, daemon.reloader, hung_up=lambda: stop.ask("SIGHUP"))
        )
        ground.manager.tell("READY=1", f"MAINPID={os.getpid()}")
        await stack.enter_async_context(beside(_tell_status(ground, daemon)))
        if sys.stdout.isatty() and not ground.options.announce:
            sys.stdout.write(greeting(ground, dashboard_address(daemon.parts)))
        _warn_of_reach(ground)
        _spare_the_collector()
        _log.info("daemon.ready", url=ground.whereabouts.url, home=str(ground.home.root))
        async with beside(_wait_for_heir(ground, daemon, stop)):
            await stop.asked.wait()
        desk.close(stop.reason)
        ground.manager.tell("STOPPING=1")
        if ground.succession is not None and ground.succession.has_heir:
            ground.succession.connections = tuple(daemon.gateway.surrender())
        async with beside(extend_stop(ground.manager)):
            hands_over = ground.is_socket_lent or stop.reason == REPLACED
            await daemon.stop(stop.hurried, hands_over=hands_over)
        if ground.succession is not None:
            ground.succession.leases = desk.all
    return 0


def _spare_the_collector() -> None:
    """What has been built by now stays: a look through all of it holds every request up for 60 ms.

    And of what comes most goes soon: the young are looked through after 10,000, not after 700.
    """
    gc.freeze()
    gc.set_threshold(10_000)


async def _tell_status(ground: Ground, daemon: Daemon) -> None:
    supervisor = daemon.supervisor
    await keep_told(
        ground.manager,
        events=supervisor.events,
        states=lambda: [view.state for view in supervisor.views()],
    )


def _listen_for_signals(stop: StopRequest, ground: Ground, stack: AsyncExitStack) -> None:
    loop = asyncio.get_running_loop()
    for number in ENDING:
        loop.add_signal_handler(number, stop.ask, number.name)
        stack.callback(loop.remove_signal_handler, number)
    if ground.early.seen:
        stop.ask(ground.early.seen)


def _warn_of_reach(ground: Ground) -> None:
    """Say so when more than this machine can call: the token travels in plain HTTP."""
    host = ground.sock.getsockname()[0]
    if not is_loopback(host):
        _log.warning(
            "daemon.reachable_from_outside", host=host, hint="put a proxy with TLS before it"
        )


def greeting(ground: Ground, dashboard: str) -> str:
    """What a person at a terminal is told once the daemon is up."""
    return (
        f"Runtime Manager {__version__} listens on {ground.whereabouts.url}, "
        f"home {ground.home.root}\n"
        f"dashboard (this address works once, within a minute): {dashboard}\n"
        "later: rtm open dashboard     what runs: rtm list     stop: Ctrl-C\n"
    )


async def _wait_for_heir(ground: Ground, daemon: Daemon, stop: StopRequest) -> None:
    if ground.succession is not None:
        within_s = daemon.reloader.settings.stop_timeout_s + _FAREWELL_S
        await ground.succession.wait_for_heir(within_s=within_s)
        stop.ask(REPLACED)


def _desk(ground: Ground, stop: StopRequest) -> LeaseDesk:
    clock, is_binding, estate = SystemClock(), ground.options.is_for_clients, ground.estate
    if estate is not None:
        is_binding = is_binding and estate.is_for_clients
    now = clock.monotonic()
    opening = opening_leases(is_binding=is_binding, waits_s=FIRST_CLIENT_S, now=now)
    if estate is not None:
        opening = opening.inheriting(estate.leases, returns_within_s=FIRST_CLIENT_S, now=now)
    return LeaseDesk(opening, clock=clock, when_over=lambda: stop.ask("last-lease-ended"))


def _tie(ground: Ground, desk: LeaseDesk, stack: AsyncExitStack) -> None:
    """Hold the daemon up for as long as what it is tied to lasts."""
    if ground.options.exit_on_stdin_eof:
        lease = desk.take("stdin", name="standard input")
        ties.when_stdin_ends(partial(desk.release, lease.id))
    if (pid := ground.options.parent_pid) is not None:
        lease = desk.take("parent", name=f"process {pid}")
        stack.callback(ties.when_process_ends(pid, partial(desk.release, lease.id)))
