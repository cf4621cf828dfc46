"""What there is beside providers: the routes, and the settings in force."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from runtime_manager.api.operation import Answer, Call, Nothing, Operation
from runtime_manager.api.parts import ApiParts
from runtime_manager.api.providers import answer
from runtime_manager.api.schemas import ConfigDocument, RouteList
from runtime_manager.model.settings import Settings


class InventoryViews:
    """The operations that only look."""

    def __init__(self, parts: ApiParts) -> None:
        self._providers = parts.supervisor
        self._reloads = parts.reloads

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        return (
            _look(
                "/api/v1/routes",
                "listRoutes",
                "The route table.",
                self.routes,
                Answer(200, "The routes as published last.", RouteList),
            ),
            _look(
                "/api/v1/config",
                "getConfig",
                "The settings in force, but for the environment of providers.",
                self.config,
                Answer(200, "The settings.", ConfigDocument),
            ),
        )

    async def routes(self, _call: Call[Nothing, Nothing]) -> web.Response:
        """See `operations`."""
        return answer(RouteList.of(self._providers.routes()))

    async def config(self, _call: Call[Nothing, Nothing]) -> web.Response:
        """See `operations`."""
        return answer(ConfigDocument(config=told_settings(self._reloads.settings)))


def told_settings(settings: Settings) -> dict[str, Any]:
    """The settings as plain values, without providers' environment and their probes' headers."""
    secret: Any = {"env": True, "health": {"headers"}}
    plain: dict[str, Any] = settings.model_dump(
        mode="json", by_alias=True, exclude={"providers": {"__all__": secret}}
    )
    return plain


def _look(
    path: str,
    name: str,
    summary: str,
    call: Callable[[Call[Nothing, Nothing]], Awaitable[web.StreamResponse]],
    result: Answer,
) -> Operation:
    return Operation("GET", path, name=name, summary=summary, call=call, answers=(result,))
