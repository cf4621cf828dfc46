"""Whether the daemon lives, and whether what it starts by itself has come up."""

from __future__ import annotations

import os
from collections.abc import Iterable

from aiohttp import web

from runtime_manager.api.operation import Answer, Call, Nothing, Operation
from runtime_manager.api.parts import ApiParts
from runtime_manager.api.providers import answer
from runtime_manager.api.schemas import Health, Readiness
from runtime_manager.supervisor.view import ProviderView

_WAITING = "waiting"


class HealthViews:
    """The two questions of those who watch the daemon."""

    def __init__(self, parts: ApiParts) -> None:
        self._providers = parts.supervisor
        self._health = Health(
            status="ok", version=parts.version, nonce=parts.nonce, pid=os.getpid()
        )

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        return (
            Operation(
                "GET",
                "/healthz",
                name="getHealth",
                summary="That the daemon answers, and which one it is.",
                call=self.health,
                answers=(Answer(200, "It lives.", Health),),
            ),
            Operation(
                "GET",
                "/readyz",
                name="getReadiness",
                summary="Whether all that start by themselves have come up or been given up.",
                call=self.readiness,
                answers=(
                    Answer(200, "All have.", Readiness),
                    Answer(503, "Some are still starting.", Readiness),
                ),
            ),
        )

    async def health(self, _call: Call[Nothing, Nothing]) -> web.Response:
        """See `operations`."""
        return answer(self._health)

    async def readiness(self, _call: Call[Nothing, Nothing]) -> web.Response:
        """See `operations`."""
        codes = still_starting(self._providers.views())
        if not codes:
            return answer(Readiness(status="ready", starting=[]))
        response = answer(Readiness(status="starting", starting=codes), status=503)
        response.headers["Retry-After"] = "1"
        return response


def still_starting(views: Iterable[ProviderView]) -> list[str]:
    """The codes, sorted, of providers that start by themselves and have not yet had their outcome.

    One that waits for another counts while that one is starting, not once it has failed.
    """
    automatic = {view.code: view for view in views if view.start == "auto"}
    starting = {code for code, view in automatic.items() if _is_starting(view)}
    waiting = {code: view for code, view in automatic.items() if _waits(view)}
    while more := {c for c, view in waiting.items() if starting & set(view.depends_on)} - starting:
        starting |= more
    return sorted(starting)


def _is_starting(view: ProviderView) -> bool:
    is_untouched = view.state == "stopped" and view.wanted == "up" and view.generation == 0
    return view.state == "starting" or (is_untouched and not _waits(view))


def _waits(view: ProviderView) -> bool:
    return view.state == "stopped" and view.cause is not None and view.cause.kind == _WAITING
