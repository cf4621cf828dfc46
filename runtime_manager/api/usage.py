"""What providers use, measured in a thread and kept for a second, since many may ask for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from runtime_manager.api.parts import Providers, Usage
from runtime_manager.api.schema import Schema
from runtime_manager.clock import Clock
from runtime_manager.errors import NotStartableError, UnknownCodeError
from runtime_manager.supervisor.view import ProviderView

_FRESH_S = 1.0
_NEVER: tuple[float, Usage | None] = (float("-inf"), None)


class UsageDocument(Schema):
    """What the provider's process tree uses; what its cgroup tells is null without one.

    `memory_bytes` counts each page once; pressures are percent of the last ten seconds in which
    something of it had to wait.
    """

    processes: int
    rss_bytes: int
    cpu_seconds: float
    threads: int
    memory_bytes: int | None = None
    memory_pressure: float | None = None
    cpu_pressure: float | None = None
    io_pressure: float | None = None

    @classmethod
    def of(cls, usage: Usage) -> UsageDocument:
        """As measured."""
        return cls(
            processes=usage.processes,
            rss_bytes=usage.rss_bytes,
            cpu_seconds=usage.cpu_seconds,
            threads=usage.threads,
            memory_bytes=usage.memory_bytes,
            memory_pressure=usage.memory_pressure,
            cpu_pressure=usage.cpu_pressure,
            io_pressure=usage.io_pressure,
        )


class Gauge:
    """Answers what the process trees of providers use."""

    def __init__(self, providers: Providers, clock: Clock) -> None:
        self._providers = providers
        self._clock = clock
        self._known: dict[str, tuple[float, Usage | None]] = {}

    async def read(self, views: Iterable[ProviderView]) -> Mapping[str, Usage | None]:
        """By code, for those that have a process; at most a second old."""
        codes = [view.code for view in views if view.pid is not None]
        stale = [code for code in codes if not self._is_fresh(code)]
        if stale:
            measured = await asyncio.to_thread(self._measure, stale)
            now = self._clock.monotonic()
            self._known.update({code: (now, usage) for code, usage in measured.items()})
        return {code: self._known[code][1] for code in codes}

    def _is_fresh(self, code: str) -> bool:
        at, _ = self._known.get(code, _NEVER)
        return self._clock.monotonic() - at < _FRESH_S

    def _measure(self, codes: list[str]) -> dict[str, Usage | None]:
        return {code: self._usage(code) for code in codes}

    def _usage(self, code: str) -> Usage | None:
        try:
            return self._providers.usage(code)
        except (UnknownCodeError, NotStartableError):  # removed meanwhile
            return None
