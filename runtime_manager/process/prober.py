"""Asks every endpoint at its own pace, driven by one ticker."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable

import structlog

from runtime_manager.clock import Clock
from runtime_manager.model.endpoint import Endpoint
from runtime_manager.process.probe import Probe, ProbeResult, ProbeSpec

_log = structlog.get_logger()
_FIRST_S = 0.010
_SLOWEST_START_S = 0.250
_GROWTH = 1.3


class Watch:
    """The probing of one endpoint: often until `settle`, then at its interval, until `close`."""

    def __init__(
        self, probe: Probe, *, interval_s: float, report: Callable[[ProbeResult], None]
    ) -> None:
        self._probe = probe
        self._interval_s = interval_s
        self._report = report
        self._pace_s = 0.0
        self._is_settled = False
        self.is_closed = False
        self.asking: asyncio.Task[None] | None = None

    def settle(self) -> None:
        """It serves: from now on ask at the interval."""
        self._is_settled = True

    def close(self) -> None:
        """Ask no more, and give up what is being asked."""
        self.is_closed = True
        if self.asking is not None:
            self.asking.cancel()
        self._probe.close()

    def pace_s(self) -> float:
        """Seconds until the next question: 10 ms growing to 250 ms before it is settled."""
        if self._is_settled:
            return self._interval_s
        self._pace_s = min(max(_FIRST_S, self._pace_s * _GROWTH), _SLOWEST_START_S)
        return self._pace_s

    async def ask(self) -> None:
        """Ask once and report."""
        result = await self._probe.ask()
        if not self.is_closed:
            self._report(result)


class Prober:
    """All watches of one daemon; `close` ends them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due: list[tuple[float, int, Watch]] = []
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._asking: dict[asyncio.Task[None], Watch] = {}
        self._is_closed = False

    def watch(
        self,
        endpoint: Endpoint,
        spec: ProbeSpec,
        *,
        interval_s: float,
        report: Callable[[ProbeResult], None],
        is_ours: Callable[[], bool],
    ) -> Watch:
        """Ask `endpoint` from now on; `is_ours` is asked before a new connection is used."""
        probe = Probe(endpoint, spec, is_ours=is_ours)
        watch = Watch(probe, interval_s=interval_s, report=report)
        self._put(watch)
        return watch

    async def close(self) -> None:
        """End every watch; returns once nothing is being asked."""
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
        for watch in [*(watch for _, _, watch in self._due), *self._asking.values()]:
            watch.close()
        self._due.clear()
        if self._asking:
            await asyncio.wait(self._asking)

    def _put(self, watch: Watch) -> None:
        if not watch.is_closed and not self._is_closed:
            due = self._clock.monotonic() + watch.pace_s()
            heapq.heappush(self._due, (due, next(self._order), watch))
            self._wind()

    def _wind(self) -> None:
        """Set the one timer for what is due first."""
        if not self._due or (self._timer is not None and self._timer_at <= self._due[0][0]):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = self._due[0][0]
        wait_s = max(0.0, self._timer_at - self._clock.monotonic())
        self._timer = asyncio.get_running_loop().call_later(wait_s, self._tick)

    def _tick(self) -> None:
        self._timer = None
        now = self._clock.monotonic()
        while self._due and self._due[0][0] <= now + 0.001:
            _, _, watch = heapq.heappop(self._due)
            if not watch.is_closed:
                self._ask(watch)
        self._wind()

    def _ask(self, watch: Watch) -> None:
        task = asyncio.get_running_loop().create_task(watch.ask())
        watch.asking = task
        self._asking[task] = watch
        task.add_done_callback(self._asked)

    def _asked(self, task: asyncio.Task[None]) -> None:
        watch = self._asking.pop(task)
        watch.asking = None
        if not task.cancelled() and task.exception() is not None:
            _log.error("probe.fault", exc_info=task.exception())
        self._put(watch)
