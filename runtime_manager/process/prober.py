"""Asks every endpoint at its own pace, driven by one timer.

A port on which nobody listens yet is looked at instead: one look serves all such ports, and who
appears there is asked at once. Questions that are due at about the same time are asked together,
for one look and one waking of the processor.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable, Collection, Iterator, Mapping

import structlog

from runtime_manager.clock import Clock
from runtime_manager.model.endpoint import Endpoint
from runtime_manager.process.lookout import NOBODY, Lookout, Seen
from runtime_manager.process.probe import NotAsked, ProbeResult, ProbeSpec
from runtime_manager.process.watch import Watch

_log = structlog.get_logger()
_SOON_S = 0.001
_AT_ONCE = 20
"""Questions in one turn of the loop, which has others to serve too."""
_FIRST_LOOK_S, _SLOWEST_LOOK_S = 0.005, 0.100
_LOOK_SHARE = 0.01
"""Who has waited for a second is looked for every 10 ms: at most a hundredth is lost by that."""
_LOOK_EACH_S = 0.0001
"""For each that is looked for: the more they are, the more the processor has to do."""


class Prober:
    """All watches of one daemon; `close` ends them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lookout = Lookout()
        self._due: list[tuple[float, int, Watch]] = []
        self._order = itertools.count()
        self._unseen: dict[Watch, float] = {}
        """On whose port nobody has been seen to listen, and since when they are watched."""
        self._look_at = 0.0
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
        report: Callable[[ProbeResult | NotAsked], None],
        is_ours: Callable[[], bool],
    ) -> Watch:
        """Ask `endpoint` from now on; `is_ours` is asked before a new connection is used."""
        watch = Watch(endpoint, spec, interval_s=interval_s, report=report, is_ours=is_ours)
        if watch.port is not None and not self._is_closed:
            self._unseen[watch] = now = self._clock.monotonic()
            self._look_at = now + _FIRST_LOOK_S
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
        self._lookout.close()
        if self._asking:
            await asyncio.wait(self._asking)

    def _put(self, watch: Watch) -> None:
        if watch.is_settled:
            self._unseen.pop(watch, None)
        if not watch.is_closed and not self._is_closed:
            is_seen = watch not in self._unseen
            watch.due = watch.next_due(self._clock.monotonic(), is_seen=is_seen)
            heapq.heappush(self._due, (watch.due, next(self._order), watch))
            self._wind()

    def _wind(self) -> None:
        """Set the one timer for what comes first."""
        times = [self._due[0][0]] if self._due else []
        if self._unseen:
            times.append(self._look_at)
        if not times or (self._timer is not None and self._timer_at <= min(times)):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = min(times)
        wait_s = max(0.0, self._timer_at - self._clock.monotonic())
        self._timer = asyncio.get_running_loop().call_later(wait_s, self._tick)

    def _tick(self) -> None:
        self._timer = None
        now = self._clock.monotonic()
        due = list(itertools.islice(self._taken(now + _SOON_S), _AT_ONCE))
        seen = self._look(due, now)
        for watch in dict.fromkeys((*due, *self._appeared(seen))):
            self._ask(watch, seen)
        self._wind()

    def _taken(self, until: float) -> Iterator[Watch]:
        """Those due until then, without those that were asked before they were due."""
        while self._due and self._due[0][0] <= until:
            due, _, watch = heapq.heappop(self._due)
            if watch.due == due and watch.asking is None and not watch.is_closed:
                yield watch

    def _look(self, due: Collection[Watch], now: float) -> Mapping[int, Seen] | None:
        """Who listens where those that are due or unseen ask; None where that cannot be told."""
        self._unseen = {w: since for w, since in self._unseen.items() if not w.is_closed}
        if self._unseen:
            waited_s = now - next(reversed(self._unseen.values()))
            pace_s = max(_FIRST_LOOK_S, waited_s * _LOOK_SHARE, len(self._unseen) * _LOOK_EACH_S)
            self._look_at = now + min(pace_s, _SLOWEST_LOOK_S)
        ports = {watch.port for watch in (*due, *self._unseen) if watch.port is not None}
        return self._lookout.look(ports) if ports else None

    def _appeared(self, seen: Mapping[int, Seen] | None) -> list[Watch]:
        """Those on whose port somebody listens now, or may listen for all that is known."""
        found = [watch for watch in self._unseen if seen is None or watch.port in seen]
        for watch in found:
            del self._unseen[watch]
        for watch in self._unseen:
            watch.tell_of_nobody()
        return [watch for watch in found if watch.asking is None]

    def _ask(self, watch: Watch, seen: Mapping[int, Seen] | None) -> None:
        one = None if seen is None or watch.port is None else seen.get(watch.port, NOBODY)
        task = asyncio.get_running_loop().create_task(watch.ask(one))
        watch.asking = task
        self._asking[task] = watch
        task.add_done_callback(self._asked)

    def _asked(self, task: asyncio.Task[None]) -> None:
        watch = self._asking.pop(task)
        watch.asking = None
        if not task.cancelled() and task.exception() is not None:
            _log.error("probe.fault", exc_info=task.exception())
        self._put(watch)
