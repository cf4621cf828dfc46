"""Time in which nobody looked counts for nobody."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

from runtime_manager.clock import STOOD_STILL_S, SystemClock
from runtime_manager.gateway.ticker import Ticker

TICK_S = 0.01
STILL_S = STOOD_STILL_S + 0.2


class Waiting:
    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.expired = asyncio.Event()

    def expire(self) -> None:
        self.expired.set()

    def abort(self) -> None:
        self.expire()


async def test_a_deadline_is_put_off_by_as_long_as_the_process_stood_still() -> None:
    ticker = Ticker(SystemClock(), tick_s=TICK_S)
    ticks: asyncio.Queue[bool] = asyncio.Queue()
    waiting = Waiting(ticker.deadline(STILL_S / 2))
    before = waiting.deadline
    ticker.watched.add(waiting)
    ticker.start(lambda: ticks.put_nowait(waiting.expired.is_set()))
    time.sleep(STILL_S)
    assert not await ticks.get()
    assert waiting.deadline > before + STILL_S / 2
    await asyncio.wait_for(waiting.expired.wait(), 10)
    ticker.stop()


class JumpingClock:
    """Wall time that goes back and forth, beside monotonic time that does not."""

    def __init__(self) -> None:
        self.years = [2026, 2001, 2099, 2026]

    def monotonic(self) -> float:
        return time.monotonic()

    def now(self) -> datetime:
        return datetime(self.years.pop() if self.years else 2026, 1, 1, tzinfo=UTC)


async def test_a_clock_that_is_set_moves_no_deadline() -> None:
    ticker = Ticker(JumpingClock(), tick_s=TICK_S)
    waiting = Waiting(ticker.deadline(5 * TICK_S))
    ticker.watched.add(waiting)
    began = time.monotonic()
    ticker.start(lambda: None)
    await asyncio.wait_for(waiting.expired.wait(), 10)
    ticker.stop()
    assert time.monotonic() - began >= 5 * TICK_S
