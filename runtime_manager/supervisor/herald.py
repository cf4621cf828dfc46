"""Tells the gateway and the event stream what became of one provider."""

from __future__ import annotations

import structlog

from runtime_manager.gateway.routes import Gate
from runtime_manager.lifecycle.table import Instance
from runtime_manager.model.endpoint import Endpoint
from runtime_manager.model.provider import Provider
from runtime_manager.process.exit_status import ExitStatus
from runtime_manager.supervisor import causes, routing
from runtime_manager.supervisor.board import Board
from runtime_manager.supervisor.events import EventLog
from runtime_manager.supervisor.view import Cause

_log = structlog.get_logger()


class Herald:
    """One provider's voice; it decides nothing.

    While it `is_silent`, another speaks for the provider: no route and no state is told.
    """

    def __init__(
        self, provider: Provider, *, board: Board, events: EventLog, is_silent: bool = False
    ) -> None:
        self.is_silent = is_silent
        self._manifest = provider.manifest
        self._board = board
        self._events = events

    def adopt(self, provider: Provider) -> None:
        """Speak for another reading of the package from now on."""
        self._manifest = provider.manifest

    def state(self, before: Instance, now: Instance, cause: Cause | None) -> None:
        """Publish a change of state; nothing where the state is the same."""
        if now.state is before.state:
            return
        code, generation = self._manifest.code, now.generation
        told: dict[str, object] = {"from": before.state.value, "to": now.state.value}
        if self.is_silent:
            _log.info("provider.state", code=code, generation=generation, routed=False, **told)
            return
        message = cause.message if cause else None
        self._events.publish(
            "provider.state", code=code, generation=generation, cause=message, **told
        )
        if message:
            told["cause"] = message
        _log.info("provider.state", code=code, generation=generation, **told)

    def exit(self, generation: int, status: ExitStatus, *, left: int) -> None:
        """Publish that the process of `generation` has ended, and how many others it left."""
        facts = {"status": status.describe(), "clean": status.is_clean, "left": left}
        code = self._manifest.code
        if left:
            _log.warning("provider.left_processes", code=code, generation=generation, killed=left)
        self._events.publish("provider.exit", code=code, generation=generation, **facts)

    def warning(self, generation: int, warning: Cause, *, is_over: bool) -> None:
        """Publish what is worth telling of a generation that goes on as it is, or its end."""
        if is_over:
            told = {"kind": warning.kind}
            code = self._manifest.code
            self._events.publish("provider.warning_over", code=code, generation=generation, **told)
            _log.info("provider.warning_over", code=code, generation=generation, **told)
            return
        facts = {"kind": warning.kind, "message": warning.message, "hint": warning.hint}
        code = self._manifest.code
        self._events.publish("provider.warning", code=code, generation=generation, **facts)
        _log.warning("provider.warning", code=code, generation=generation, **facts)

    def route(
        self,
        instance: Instance,
        *,
        endpoint: Endpoint | None,
        cause: Cause | None,
        rest_s: float,
    ) -> int:
        """Publish the route as it should be now; gives the revision of the table that has it."""
        if self.is_silent:
            return self._board.table.revision
        code = self._manifest.code
        old = self._board.route(code)
        route = routing.route_of(
            self._manifest,
            instance,
            endpoint=endpoint,
            cause=causes.told(cause, code),
            rest_s=rest_s,
        )
        revision = self._board.put(route)
        was_open = old is not None and old.gate is Gate.OPEN
        if was_open is not (route.gate is Gate.OPEN):
            self._events.publish(
                "route.closed" if was_open else "route.opened",
                code=code,
                generation=route.generation,
                prefix=route.prefix,
                revision=revision,
            )
        return revision
