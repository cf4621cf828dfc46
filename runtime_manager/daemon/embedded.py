"""The daemon inside another program: `async with RuntimeManager() as manager: ...`.

It runs in that program's loop and process, so it leaves alone what is the program's own: signals,
standard streams, the log's configuration, and children it has not started. The home's lock is
taken as by any daemon, and `rtm` and Client find it there.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from runtime_manager.client.client import Client
from runtime_manager.client.values import Event, Provider
from runtime_manager.client.whereabouts import read_whereabouts
from runtime_manager.clock import SystemClock
from runtime_manager.daemon.assemble import Daemon, assemble
from runtime_manager.daemon.claim import Claim
from runtime_manager.daemon.early_signals import EarlySignals
from runtime_manager.daemon.ground import Ground, whereabouts_of
from runtime_manager.daemon.lease_desk import LeaseDesk
from runtime_manager.daemon.listening import api_socket, listening_socket
from runtime_manager.daemon.options import ServeOptions
from runtime_manager.daemon.own_log import log_to_stderr
from runtime_manager.daemon.read_settings import read_settings
from runtime_manager.daemon.systemd import ServiceManager
from runtime_manager.errors import AlreadyRunningError, DaemonError
from runtime_manager.lifecycle.leases import Leases
from runtime_manager.model.home import Home, locate


class RuntimeManager:
    """A daemon of one home for as long as the context; at its end all providers are stopped.

    `home` is None for $CORE_HOME, else ~/.core. `listen` is the gateway's address, `127.0.0.1:0`
    for any free port; None: as the settings say. `settings` are others by their dotted names, such
    as `{"gateway.wait": "5s"}`, over config.yaml and RTM_* variables.

    Entering raises AlreadyRunningError where another daemon has the home (Client asks that one),
    SettingsError, PortTakenError and DaemonError. It may be entered again once it has ended.
    """

    def __init__(
        self,
        home: str | Path | None = None,
        *,
        listen: str | None = None,
        settings: Mapping[str, object] | None = None,
    ) -> None:
        self._home = locate(None if home is None else str(home), os.environ)
        self._options = ServeOptions(listen=listen, settings=settings or {})
        self._stack = AsyncExitStack()
        self._client: Client | None = None

    async def __aenter__(self) -> Self:
        """Claim the home, listen, and ask the providers to start; `wait` waits for one."""
        try:
            await self._enter(self._stack)
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop every provider, each with its grace, and let the home go."""
        self._client = None
        await self._stack.aclose()

    @property
    def client(self) -> Client:
        """All that can be asked, and the token. Raises DaemonError outside the context."""
        if self._client is None:
            raise DaemonError("this RuntimeManager does not run", hint="async with manager: ...")
        return self._client

    @property
    def url(self) -> str:
        """Where the gateway listens, without a trailing slash."""
        return self.client.url

    @property
    def token(self) -> str:
        """What a request through the gateway carries: `Authorization: Bearer`, or X-RTM-Token."""
        return self.client.token

    async def providers(self) -> list[Provider]:
        """All that is installed, invalid packages too, by code."""
        return await self.client.providers()

    async def start(self, code: str, *, wait_s: float | None = None) -> Provider:
        """Start one and want it up; see Client.start."""
        return await self.client.start(code, wait_s=wait_s)

    async def stop(self, code: str, *, wait_s: float | None = None) -> Provider:
        """Stop one; see Client.stop."""
        return await self.client.stop(code, wait_s=wait_s)

    async def restart(self, code: str, *, wait_s: float | None = None) -> Provider:
        """Stop one and start it anew; see Client.restart."""
        return await self.client.restart(code, wait_s=wait_s)

    async def wait(self, code: str, *, state: str = "ready", timeout_s: float = 60.0) -> Provider:
        """One provider once it is in `state`; see Client.wait for what is raised."""
        return await self.client.wait(code, state=state, timeout_s=timeout_s)

    def events(self, code: str | None = None) -> AsyncGenerator[Event, None]:
        """How things stand, then what happens; see Client.events."""
        return self.client.events(code)

    async def _enter(self, stack: AsyncExitStack) -> None:
        claim = _claimed(self._home)
        stack.callback(claim.release)
        settings = read_settings(self._home, self._options)
        if not structlog.is_configured():  # or it would write to standard output
            stack.callback(structlog.reset_defaults)
            log_to_stderr(stack)(settings)
        sock = stack.enter_context(listening_socket(settings.listen, {}))
        api_sock = stack.enter_context(api_socket(self._home.api_socket))
        ground = Ground(
            self._home,
            settings,
            self._options,
            claim=claim,
            sock=sock,
            api_sock=api_sock,
            whereabouts=whereabouts_of(self._home, claim, sock),
            manager=ServiceManager({}),
            early=EarlySignals(is_embedded=True),
            is_socket_lent=False,
            is_embedded=True,
        )
        claim.publish(ground.whereabouts)
        desk = LeaseDesk(Leases(is_binding=False), clock=SystemClock(), when_over=_never)
        stack.callback(desk.close, "it has ended")
        daemon = await assemble(ground, stack, desk)
        stack.push_async_callback(_stop, daemon, desk)
        self._client = await stack.enter_async_context(Client.connect(self._home.root))


def _claimed(home: Home) -> Claim:
    """The home's lock; an AlreadyRunningError names the daemon that has it."""
    claim = Claim(home)
    try:
        claim.take()
    except AlreadyRunningError as exc:
        found = read_whereabouts(home)
        where = f" at {found.url} (pid {found.pid})" if found else ""
        raise AlreadyRunningError(
            f"{exc.message}{where}", hint="ask that one: runtime_manager.client.Client"
        ) from None
    return claim


async def _stop(daemon: Daemon, desk: LeaseDesk) -> None:
    """Stop the providers as `serve` does; a cancelled stop leaves the rest to the guard."""
    desk.close("the program it is embedded in ends it")
    await daemon.stop(asyncio.Event(), hands_over=False)


def _never() -> None:
    """Leases do not end a daemon that is another program's."""
