"""A few figures in Prometheus' text format, version 0.0.4."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from aiohttp import web

from runtime_manager.api.operation import Answer, Call, Nothing, Operation
from runtime_manager.api.parts import ApiParts
from runtime_manager.supervisor.view import ProviderView

_STATES = (
    "stopped", "starting", "ready", "unhealthy", "stopping", "backoff", "failed", "invalid",
)  # fmt: skip
_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Sample = tuple[Mapping[str, str], float]


class MetricViews:
    """The operation that a Prometheus server asks for."""

    def __init__(self, parts: ApiParts) -> None:
        self._providers = parts.supervisor
        self._version = parts.version
        self._started_at = parts.started_at

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        return (
            Operation(
                "GET",
                "/metrics",
                name="getMetrics",
                summary="Providers by state, restarts and generations, for Prometheus.",
                call=self.metrics,
                answers=(Answer(200, "The figures.", None, ("text/plain",)),),
            ),
        )

    async def metrics(self, _call: Call[Nothing, Nothing]) -> web.Response:
        """See `operations`."""
        text = exposition(
            self._providers.views(),
            version=self._version,
            started_at=self._started_at,
            tasks=len(asyncio.all_tasks()),
        )
        return web.Response(body=text.encode(), headers={"Content-Type": _TYPE})


def exposition(
    views: Iterable[ProviderView], *, version: str, started_at: datetime, tasks: int
) -> str:
    """The whole text; a provider's name in it is its code."""
    seen = tuple(views)
    counts = Counter(view.state for view in seen)
    families = (
        _family("rtm_info", "gauge", "The daemon's version.", [({"version": version}, 1)]),
        _family(
            "rtm_start_time_seconds",
            "gauge",
            "When the daemon started, in Unix time.",
            [({}, started_at.timestamp())],
        ),
        _family("rtm_tasks", "gauge", "Tasks in the daemon's event loop.", [({}, tasks)]),
        _family(
            "rtm_providers",
            "gauge",
            "Providers by state.",
            [({"state": state}, counts[state]) for state in _STATES],
        ),
        _family(
            "rtm_provider_up",
            "gauge",
            "1 while the provider is ready.",
            [({"code": view.code}, view.state == "ready") for view in seen],
        ),
        _family(
            "rtm_provider_restarts",
            "gauge",
            "Restarts nobody asked for since the last start somebody did.",
            [({"code": view.code}, view.restarts) for view in seen],
        ),
        _family(
            "rtm_provider_generation",
            "counter",
            "Spawns of the provider since the daemon started.",
            [({"code": view.code}, view.generation) for view in seen],
        ),
        _family(
            "rtm_provider_requests_total",
            "counter",
            "Requests and tunnels forwarded to the provider since the daemon started.",
            [({"code": view.code}, view.traffic.requests) for view in seen],
        ),
        _family(
            "rtm_provider_in_flight",
            "gauge",
            "Requests and tunnels that are under way to the provider.",
            [({"code": view.code}, view.traffic.in_flight) for view in seen],
        ),
    )
    return "".join(line + "\n" for family in families for line in family)


def _family(name: str, kind: str, text: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"
    for labels, value in samples:
        pairs = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        yield f"{name}{{{pairs}}} {float(value):.16g}" if pairs else f"{name} {float(value):.16g}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
