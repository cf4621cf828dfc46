"""The desk: time runs, and the end is told once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from runtime_manager.clock import SystemClock
from runtime_manager.daemon.lease_desk import LeaseDesk
from runtime_manager.errors import DaemonEndingError
from runtime_manager.lifecycle.leases import Lease, Leases, opening_leases


class Ends:
    """Counts how often the end was told."""

    def __init__(self) -> None:
        self.count = 0
        self.told = asyncio.Event()

    def __call__(self) -> None:
        self.count += 1
        self.told.set()


class Leaping:
    """A clock that leaps ahead, as a process sees it that stood still."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time() + self.ahead_s

    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture
async def ends() -> Ends:
    return Ends()


@pytest.fixture
async def desk(ends: Ends) -> AsyncIterator[LeaseDesk]:
    made = LeaseDesk(Leases(True, (Lease("first", "stdin"),)), clock=SystemClock(), when_over=ends)
    yield made
    made.close("the test is over")


async def test_the_end_is_told_once_when_the_last_is_given_back(
    desk: LeaseDesk, ends: Ends
) -> None:
    other = desk.take("connection")
    desk.release("first")
    assert ends.count == 0
    desk.release(other.id)
    desk.release(other.id)
    assert ends.count == 1
    with pytest.raises(DaemonEndingError):
        desk.take("connection")


async def test_one_that_is_not_renewed_ends_by_itself(desk: LeaseDesk, ends: Ends) -> None:
    desk.take("ttl", ttl_s=0.05)
    desk.release("first")
    async with asyncio.timeout(5):
        await ends.told.wait()
    assert desk.all.are_over


async def test_the_wait_for_the_first_client_ends(ends: Ends) -> None:
    clock = SystemClock()
    opening = opening_leases(is_binding=True, waits_s=0.02, now=clock.monotonic())
    LeaseDesk(opening, clock=clock, when_over=ends)
    async with asyncio.timeout(5):
        await ends.told.wait()


async def test_a_process_that_stood_still_takes_no_lease_for_ended(ends: Ends) -> None:
    clock = Leaping()
    desk = LeaseDesk(
        opening_leases(is_binding=True, waits_s=5, now=clock.monotonic()),
        clock=clock,
        when_over=ends,
    )
    lease = desk.take("ttl", ttl_s=0.05)
    clock.ahead_s = 600
    async with asyncio.timeout(5):
        while desk.all.find(lease.id).ends_at == lease.ends_at:
            await asyncio.sleep(0.01)
    assert ends.count == 0
    desk.close("the test is over")


async def test_a_closed_one_says_why_and_takes_nothing(desk: LeaseDesk, ends: Ends) -> None:
    waiting = asyncio.ensure_future(desk.closed())
    desk.close("SIGTERM")
    assert await waiting == "SIGTERM"
    with pytest.raises(DaemonEndingError, match="SIGTERM"):
        desk.take("connection")
    desk.release("first")
    assert ends.count == 0
