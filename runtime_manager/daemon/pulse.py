"""Looks after the daemon itself: can it open what it needs, and has it stood still?

Without a descriptor nobody can be accepted, and the loop would be woken again and again for callers
it cannot take. So the doors are closed meanwhile; who calls waits in the sockets' queues.
"""

from __future__ import annotations

import asyncio
import resource

import structlog

from runtime_manager.api.app import Service
from runtime_manager.clock import Clock
from runtime_manager.gateway.gateway import Gateway
from runtime_manager.process.scarcity import scarcity
from runtime_manager.supervisor.events import EventLog

_log = structlog.get_logger()
_LOOK_S = 0.25
_STILL_S = 1.0
_TO_GO_ON = 16
"""As many descriptors must be free before callers are let in again."""
NO_DESCRIPTORS = "no-descriptors"
_HINT = "raise ulimit -n for the daemon, or LimitNOFILE= in its unit; rtm doctor tells more"


class Pulse:
    """`run` until cancelled. What it sees is logged, and told as events of the daemon."""

    def __init__(
        self, gateway: Gateway, service: Service, *, events: EventLog, clock: Clock
    ) -> None:
        self._gateway = gateway
        self._service = service
        self._events = events
        self._clock = clock

    async def run(self) -> None:
        """Look a few times a second."""
        while True:
            await self._look()
            if (lack := scarcity()) is not None:
                await self._rest(lack)

    async def _look(self) -> None:
        """Wait for the next look; tell where it comes late."""
        due = self._clock.monotonic() + _LOOK_S
        await asyncio.sleep(_LOOK_S)
        late_s = self._clock.monotonic() - due
        if late_s > _STILL_S:
            _log.warning("daemon.stood_still", for_s=round(late_s, 1))

    async def _rest(self, lack: str) -> None:
        """Accept nobody until there is room again."""
        self._gateway.rest()
        await self._service.rest()
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        message = f"nobody can be let in: {lack} (limit {limit})"
        _log.warning("daemon.warning", kind=NO_DESCRIPTORS, message=message, hint=_HINT)
        self._events.publish("daemon.warning", kind=NO_DESCRIPTORS, message=message, hint=_HINT)
        while scarcity(of=_TO_GO_ON) is not None or not await self._resumed():
            await self._look()
        _log.info("daemon.warning_over", kind=NO_DESCRIPTORS)
        self._events.publish("daemon.warning_over", kind=NO_DESCRIPTORS)

    async def _resumed(self) -> bool:
        try:
            await self._service.resume()
        except OSError:
            return False
        try:
            await self._gateway.resume()
        except OSError:
            await self._service.rest()
            return False
        return True
