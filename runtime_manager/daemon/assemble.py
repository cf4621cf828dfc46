"""Builds every object once, by hand, in the order in which they need each other."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from runtime_manager import __version__
from runtime_manager.api.app import build_app, serving
from runtime_manager.api.parts import ApiParts
from runtime_manager.clock import Clock, SystemClock
from runtime_manager.daemon.beside import beside
from runtime_manager.daemon.control_routes import CONTROL_CODE, control_routes
from runtime_manager.daemon.ears import Ears
from runtime_manager.daemon.ground import Ground
from runtime_manager.daemon.installer import Installer
from runtime_manager.daemon.lease_desk import LeaseDesk
from runtime_manager.daemon.network import access_of, limits_of
from runtime_manager.daemon.pulse import Pulse
from runtime_manager.daemon.reload import Reloader
from runtime_manager.daemon.watchmen import watchmen
from runtime_manager.gateway.access import Access
from runtime_manager.gateway.gateway import Gateway
from runtime_manager.model.endpoint import UnixEndpoint
from runtime_manager.model.provider import Provider
from runtime_manager.model.settings import Settings
from runtime_manager.process.log_file import LogWriter, RotatedFile
from runtime_manager.process.output import Output
from runtime_manager.supervisor.board import Board
from runtime_manager.supervisor.events import STOPPING, EventLog
from runtime_manager.supervisor.launcher import Launcher
from runtime_manager.supervisor.supervisor import Supervisor
from runtime_manager.supervisor.world import World

_LAST_ANSWERS_S = 1.0


@dataclass(frozen=True, slots=True)
class Daemon:
    """What is running, as far as its end needs to know."""

    supervisor: Supervisor
    reloader: Reloader
    parts: ApiParts
    gateway: Gateway

    async def stop(self, hurry: asyncio.Event, *, hands_over: bool) -> None:
        """Stop all providers, at once when `hurry` is set; then tell who listens that we end.

        `hands_over`: the socket outlives us, and what comes from now on waits for the next daemon.
        """
        if hands_over:
            await self.gateway.hand_over(within_s=_LAST_ANSWERS_S)
        timeout_s = self.reloader.settings.stop_timeout_s
        await self.supervisor.close(hurry, timeout_s=timeout_s)
        self.supervisor.events.publish(STOPPING)
        self.supervisor.events.close()


async def assemble(
    ground: Ground,
    stack: AsyncExitStack,
    desk: LeaseDesk,
    *,
    configure_log: Callable[[Settings], None] | None = None,
) -> Daemon:
    """Build and start everything, and ask the providers to start; `stack` closes it in reverse.

    `configure_log` is called with new settings; None where the log is another program's.
    """
    clock = SystemClock()
    men = await watchmen(ground.home, clock=clock, stack=stack, is_embedded=ground.is_embedded)
    board = Board(control_routes(UnixEndpoint(ground.home.api_socket)))
    launcher = Launcher(
        home=ground.home,
        guard=men.guard,
        prober=men.prober,
        waited_for=men.waited_for,
        cgroups=men.cgroups,
        environ=os.environ,
        base_url=ground.settings.public_url or ground.whereabouts.url,
    )
    world = World(launcher, board, EventLog(clock), clock)
    supervisor = Supervisor(world, new_output=_outputs(ground, clock, stack))

    def rules(settings: Settings) -> Access:
        return access_of(
            settings,
            url=ground.whereabouts.url,
            token=ground.claim.token,
            session_key=ground.claim.session_key,
            daemon_id=ground.home.home_id,
        )

    gateway = Gateway(
        limits_of(ground.settings),
        access=rules(ground.settings),
        observer=Ears(board, supervisor),
        clock=clock,
    )
    stack.push_async_callback(_close_gateway, gateway, board)
    board.connect(gateway)

    def adopt(settings: Settings) -> None:
        if configure_log is not None:
            configure_log(settings)
        gateway.adopt(limits_of(settings), rules(settings))

    reloader = Reloader(ground, supervisor, adopt=adopt)
    await reloader.first()
    parts = _api_parts(ground, supervisor, reloader=reloader, desk=desk)
    app = build_app(parts)
    service = await stack.enter_async_context(serving(app, ground.api_sock))
    supervisor.start_all()  # before the first request, which would find nothing to wait for
    await gateway.start(ground.sock)
    await gateway.take_up(ground.connections)
    pulse = Pulse(gateway, service, events=world.events, clock=clock)
    await stack.enter_async_context(beside(pulse.run()))
    return Daemon(supervisor, reloader, parts, gateway)


async def _close_gateway(gateway: Gateway, board: Board) -> None:
    """Let what the control API has answered reach its callers, then end every connection."""
    await gateway.stop_accepting()
    with suppress(TimeoutError):
        async with asyncio.timeout(_LAST_ANSWERS_S):
            await board.closed(CONTROL_CODE, generation=0, revision=0)
    await gateway.close()


def _outputs(ground: Ground, clock: Clock, stack: AsyncExitStack) -> Callable[[Provider], Output]:
    writer, files = LogWriter(), ground.settings.logs
    stack.callback(writer.close)

    def output(provider: Provider) -> Output:
        path = ground.home.logs(provider.code) / "output.log"
        file = RotatedFile(path, max_bytes=files.max_bytes, files=files.files)
        return Output(clock=clock, writer=writer, file=file, ring_lines=files.ring_lines)

    return output


def _api_parts(
    ground: Ground, supervisor: Supervisor, *, reloader: Reloader, desk: LeaseDesk
) -> ApiParts:
    return ApiParts(
        supervisor=supervisor,
        leases=desk,
        reloads=reloader,
        packages=Installer(ground.home, supervisor, reloader),
        home=ground.home,
        session_key=ground.claim.session_key,
        daemon_id=ground.home.home_id,
        base_url=ground.settings.public_url or ground.whereabouts.url,
        local_url=ground.whereabouts.url,
        version=__version__,
        nonce=ground.whereabouts.nonce,
        started_at=datetime.fromtimestamp(ground.whereabouts.started_at, UTC),
    )
