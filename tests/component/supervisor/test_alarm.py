"""A deadline is no judgement on who could not be heard."""

from __future__ import annotations

import asyncio
import time

from runtime_manager.clock import STOOD_STILL_S
from runtime_manager.supervisor.alarm import Alarm

SPAN_S = 0.05
LATE_S = SPAN_S + STOOD_STILL_S + 0.1


async def rung(*, is_patient: bool) -> list[str]:
    """What was heard, in order, by a loop that stood still when the alarm was due."""
    heard: list[str] = []
    is_over = asyncio.Event()

    def ring() -> None:
        heard.append("alarm")
        is_over.set()

    def answered() -> None:
        heard.append("answer")

    loop, alarm = asyncio.get_running_loop(), Alarm()
    alarm.arm(SPAN_S, ring, is_patient=is_patient)
    loop.call_later(SPAN_S / 2, time.sleep, LATE_S)
    loop.call_later(SPAN_S * 1.5, answered)
    await asyncio.wait_for(is_over.wait(), 10)
    return heard


async def test_one_that_comes_due_while_we_stand_still_waits_for_what_has_come() -> None:
    assert await rung(is_patient=True) == ["answer", "alarm"]


async def test_one_that_judges_nobody_rings_at_once() -> None:
    assert (await rung(is_patient=False))[0] == "alarm"
