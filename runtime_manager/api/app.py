"""The control API as one application: its operations, and what holds for all of them."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from runtime_manager.api.assets import AssetViews
from runtime_manager.api.dashboard import DashboardViews
from runtime_manager.api.events import EventViews
from runtime_manager.api.health import HealthViews
from runtime_manager.api.inventory import InventoryViews
from runtime_manager.api.leases import LeaseViews
from runtime_manager.api.logs import LogViews
from runtime_manager.api.metrics import MetricViews
from runtime_manager.api.openapi import openapi_document
from runtime_manager.api.operation import Answer, Call, Nothing, Operation
from runtime_manager.api.packages import PackageViews
from runtime_manager.api.parts import ApiParts
from runtime_manager.api.pictures import Pictures
from runtime_manager.api.problems import problems
from runtime_manager.api.providers import ProviderViews
from runtime_manager.api.reload import ReloadViews
from runtime_manager.api.sessions import SessionViews
from runtime_manager.api.streams import Streams
from runtime_manager.api.usage import Gauge

_BODY_LIMIT_BYTES = 64 * 1024
_GRACE_S = 2.0
_LAST_WORDS_S = 1.0


def build_app(parts: ApiParts) -> web.Application:
    """The application. Serves callers already admitted: by the gateway, or by a socket's mode."""
    streams = Streams(parts.limits)
    app = web.Application(middlewares=[problems], client_max_size=_BODY_LIMIT_BYTES)
    app.add_routes([operation.route() for operation in all_operations(parts, streams)])
    app.on_response_prepare.append(_guard)

    async def end_streams(_app: web.Application) -> None:
        await streams.close(patience_s=_LAST_WORDS_S)

    app.on_shutdown.append(end_streams)
    return app


def all_operations(parts: ApiParts, streams: Streams) -> tuple[Operation, ...]:
    """Every operation there is; the last tells of the others and of itself."""
    providers, pictures = parts.supervisor, Pictures(parts.base_url)
    gauge = Gauge(providers, parts.clock)
    groups = (
        ProviderViews(providers, pictures=pictures, gauge=gauge).operations(),
        LogViews(providers, streams=streams).operations(),
        EventViews(providers, pictures=pictures, streams=streams, nonce=parts.nonce).operations(),
        LeaseViews(parts, streams=streams).operations(),
        InventoryViews(parts).operations(),
        ReloadViews(parts).operations(),
        PackageViews(parts).operations(),
        SessionViews(parts).operations(),
        HealthViews(parts).operations(),
        MetricViews(parts).operations(),
        AssetViews(providers).operations(),
        DashboardViews().operations(),
    )
    operations = tuple(operation for group in groups for operation in group)
    return (*operations, _description(operations, version=parts.version))


class Service:
    """The API's ear: one listening socket, which stays its giver's."""

    def __init__(self, runner: web.AppRunner, sock: socket.socket) -> None:
        self._runner = runner
        self._sock = sock
        self._site: web.SockSite | None = None

    async def resume(self) -> None:
        """Accept from now on. Raises OSError."""
        own = self._sock.dup()
        site = web.SockSite(self._runner, own)
        try:
            await site.start()
        except BaseException:
            await site.stop()
            own.close()
            raise
        self._site = site

    async def rest(self) -> None:
        """Accept nothing until `resume`; who calls meanwhile waits in the socket's queue."""
        site, self._site = self._site, None
        if site is not None:
            await site.stop()


@asynccontextmanager
async def serving(app: web.Application, sock: socket.socket) -> AsyncIterator[Service]:
    """Serve `app` on a listening socket, the caller's to close; at the end all streams end.

    Requests are given up when their caller leaves.
    """
    runner = web.AppRunner(
        app, handler_cancellation=True, access_log=None, shutdown_timeout=_GRACE_S
    )
    try:
        await runner.setup()
        service = Service(runner, sock)
        await service.resume()
        yield service
    finally:
        await runner.cleanup()


def _description(operations: tuple[Operation, ...], *, version: str) -> Operation:
    """The operation that answers with the OpenAPI document of all, itself included."""

    async def describe(_call: Call[Nothing, Nothing]) -> web.Response:
        return web.Response(body=document, content_type="application/json")

    description = Operation(
        "GET",
        "/api/v1/openapi.json",
        name="getOpenApi",
        summary="This document.",
        call=describe,
        answers=(Answer(200, "OpenAPI 3.1."),),
    )
    document = json.dumps(openapi_document((*operations, description), version=version)).encode()
    return description


async def _guard(_request: web.Request, response: web.StreamResponse) -> None:
    """Headers of every answer; a view's own Cache-Control stands."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("Cache-Control", "no-store")
