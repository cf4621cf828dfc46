"""What there is beside providers: routes, the registry's packages, the settings in force."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from runtime_manager.api.operation import Answer, Call, Nothing, Operation
from runtime_manager.api.parts import ApiParts
from runtime_manager.api.providers import answer
from runtime_manager.api.schemas import ConfigDocument, PackageDocument, PackageList, RouteList
from runtime_manager.errors import RegistryError
from runtime_manager.model.registry import Registry
from runtime_manager.model.settings import Settings
from runtime_manager.packages.registry_file import RegistryFile


class InventoryViews:
    """The operations that only look."""

    def __init__(self, parts: ApiParts) -> None:
        self._providers = parts.supervisor
        self._reloads = parts.reloads
        self._registry_file = RegistryFile(parts.home.registry)

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
                "/api/v1/packages",
                "listPackages",
                "The registry: what is installed.",
                self.packages,
                Answer(200, "The packages by code.", PackageList),
                RegistryError,
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

    async def packages(self, _call: Call[Nothing, Nothing]) -> web.Response:
        """See `operations`."""
        registry = await asyncio.to_thread(self._registry_file.read)
        return answer(packages_of(registry))

    async def config(self, _call: Call[Nothing, Nothing]) -> web.Response:
        """See `operations`."""
        return answer(ConfigDocument(config=told_settings(self._reloads.settings)))


def packages_of(registry: Registry) -> PackageList:
    """The entries of the registry, by code."""
    return PackageList(
        packages=[
            PackageDocument(
                code=code,
                version=entry.version,
                source=entry.source,
                installed=entry.installed,
                auto_start=entry.auto_start,
            )
            for code, entry in sorted(registry.providers.items())
        ]
    )


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
    *errors: type[RegistryError],
) -> Operation:
    return Operation(
        "GET", path, name=name, summary=summary, call=call, answers=(result,), errors=errors
    )
