"""One coarse timer for every time-out, so that no request arms one of its own.

Time in which this process stood still (SIGSTOP, a suspended machine) counts for nobody: all
deadlines are put off by it, since what has come meanwhile is only read after the tick.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from runtime_manager.clock import STOOD_STILL_S, Clock


class Timed(Protocol):
    """Something that ends by itself when nothing moves."""

    deadline: float
    """On the ticker's clock; infinity for never."""

    def expire(self) -> None:
        """The deadline has passed."""
        ...

    def abort(self) -> None:
        """End at once; the connection is lost soon after."""
        ...


class Ticker:
    """Keeps `now` and expires what it watches; late by a tick at most, never early."""

    def __init__(self, clock: Clock, *, tick_s: float) -> None:
        self._clock = clock
        self._tick_s = tick_s
        self._timer: asyncio.TimerHandle | None = None
        self._each_tick: Callable[[], None] = lambda: None
        self.now = clock.monotonic()
        """Monotonic seconds as of the last tick."""
        self.horizon = self.now + tick_s
        """The latest that it can be before the next tick: what deadlines are counted from."""
        self.epoch = clock.now().timestamp()
        """Seconds of the Unix epoch as of the last tick."""
        self.watched: set[Timed] = set()

    def start(self, each_tick: Callable[[], None]) -> None:
        """Begin to tick on the running loop; `each_tick` is called after the expiries."""
        self._each_tick = each_tick
        self._arm()

    def stop(self) -> None:
        """Tick no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def deadline(self, span_s: float) -> float:
        """The deadline of a span that begins now."""
        return self.horizon + span_s

    def _arm(self) -> None:
        self.now = self._clock.monotonic()
        self.horizon = self.now + self._tick_s
        self.epoch = self._clock.now().timestamp()
        self._timer = asyncio.get_running_loop().call_later(self._tick_s, self._tick)

    def _tick(self) -> None:
        was_due = self.horizon
        self._arm()
        now = self.now
        if now - was_due > STOOD_STILL_S:
            for timed in self.watched:
                timed.deadline += now - was_due
        for timed in [timed for timed in self.watched if timed.deadline < now]:
            timed.expire()
        self._each_tick()
