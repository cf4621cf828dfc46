from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable

import psutil
import pytest

from runtime_manager.errors import NotStartableError, UpgradeError
from runtime_manager.gateway.routes import Gate
from runtime_manager.process.ports import reserve
from runtime_manager.supervisor.view import ProviderView
from tests.component.supervisor.conftest import Stage

PORT = ("--port", "{port}")
QUICK = {"restart": {"delay": "10ms"}, "stop": {"grace": "5s"}, "health": {"start_timeout": "5s"}}
SETTLE_S = 0.05


class Committed:
    """A commit that notes what the supervisor showed at that moment."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.then: list[ProviderView] = []

    async def __call__(self) -> None:
        self.then.append(self._stage.supervisor.view("one"))


@pytest.fixture
def committed(stage: Stage) -> Committed:
    return Committed(stage)


async def ready(stage: Stage, *args: str, **fields: object) -> ProviderView:
    """The provider `one`, started and ready."""
    stage.add("one", *(args or PORT), **{"version": "1.0", **QUICK, **fields})
    stage.supervisor.start("one")
    return await stage.until("one", "ready")


def gone(pid: int | None) -> Callable[[], bool]:
    return lambda: pid is None or not psutil.pid_exists(pid)


async def upgraded(stage: Stage, committed: Committed, *args: str, **fields: object) -> None:
    new = stage.reading("one", *(args or PORT), **{"version": "2.0", **QUICK, **fields})
    await stage.supervisor.upgrade(new, settle_s=SETTLE_S, commit=committed)


@pytest.mark.parametrize(
    ("listen", "args"), [("port", PORT), ("unix", ("--socket", "{socket}")), ("fd", ("--fd",))]
)
async def test_requests_go_to_the_old_one_until_the_table_that_leads_to_the_new(
    stage: Stage, committed: Committed, listen: str, args: tuple[str, ...]
) -> None:
    old = await ready(stage, *args, listen=listen)
    seen = len(stage.plane.tables)
    await upgraded(stage, committed, *args, listen=listen)
    new = stage.supervisor.view("one")
    assert [view.pid for view in committed.then] == [old.pid]
    assert (new.version, new.generation, new.state) == ("2.0", 2, "ready")
    (table,) = stage.plane.tables[seen:]
    (route,) = table.routes
    assert (route.gate, str(route.endpoint), route.generation) == (Gate.OPEN, new.endpoint, 2)
    assert old.endpoint != new.endpoint
    await stage.eventually(gone(old.pid))
    assert psutil.pid_exists(new.pid or 0)
    assert stage.states("one") == ["starting", "ready"]


@pytest.mark.parametrize(
    ("args", "kind"),
    [
        (("--exit-after", "0", "--exit-code", "3"), "exited"),
        (("--never-listen",), "start-timeout"),
        (("--status", "500", *PORT), "start-timeout"),
    ],
)
async def test_a_version_that_does_not_come_up_leaves_the_old_one_as_it_was(
    stage: Stage, committed: Committed, args: tuple[str, ...], kind: str
) -> None:
    old = await ready(stage)
    with pytest.raises(UpgradeError) as caught:
        await upgraded(stage, committed, *args, health={"start_timeout": "300ms"})
    assert caught.value.facts["cause"] == kind
    assert "one 2.0 did not come up" in caught.value.message
    now = stage.supervisor.view("one")
    assert (now.pid, now.generation, now.version, now.state) == (old.pid, 1, "1.0", "ready")
    assert committed.then == []
    assert _programs() == {old.pid}


def _programs() -> set[int]:
    """The pids of fake providers that are children of ours."""
    return {
        child.pid for child in psutil.Process().children() if "fake" in " ".join(child.cmdline())
    }


async def test_what_cannot_be_committed_is_not_swapped(stage: Stage) -> None:
    old = await ready(stage)

    async def fail() -> None:
        raise OSError("no space left")

    new = stage.reading("one", *PORT, version="2.0", **QUICK)
    with pytest.raises(OSError, match="no space left"):
        await stage.supervisor.upgrade(new, settle_s=SETTLE_S, commit=fail)
    assert stage.supervisor.view("one").pid == old.pid
    assert _programs() == {old.pid}


async def test_no_number_is_given_twice_when_the_old_one_restarts_meanwhile(stage: Stage) -> None:
    old = await ready(stage)

    async def crash() -> None:
        os.kill(old.pid or 0, signal.SIGKILL)
        await stage.supervisor.wait(
            "one", until=lambda v: v.generation == 3 and v.state == "ready", timeout_s=10
        )

    new = stage.reading("one", *PORT, version="2.0", **QUICK)
    await stage.supervisor.upgrade(new, settle_s=SETTLE_S, commit=crash)
    view = stage.supervisor.view("one")
    assert (view.generation, view.version) == (2, "2.0")
    stage.supervisor.restart("one")
    again = await stage.supervisor.wait(
        "one", until=lambda v: v.generation == 4 and v.state == "ready", timeout_s=10
    )
    assert again.version == "2.0"


async def test_requests_under_way_hold_the_old_one_up(stage: Stage, committed: Committed) -> None:
    old = await ready(stage)
    stage.plane.under_way[("one", 1)] = 1
    await upgraded(stage, committed)
    assert psutil.pid_exists(old.pid or 0)
    stage.plane.under_way.clear()
    stage.board.settled("one", 1)
    await stage.eventually(gone(old.pid))


async def test_one_with_a_fixed_port_is_replaced_and_put_back_when_the_new_one_fails(
    stage: Stage, committed: Committed
) -> None:
    held = reserve()
    held.release()
    old = await ready(stage, port=held.port)
    with pytest.raises(UpgradeError):
        await upgraded(stage, committed, "--exit-after", "0", "--exit-code", "3", port=held.port)
    back = await stage.until("one", "ready")
    assert (back.version, back.endpoint) == ("1.0", old.endpoint)
    assert committed.then == []
    await upgraded(stage, committed, port=held.port)
    now = stage.supervisor.view("one")
    assert (now.version, now.state, now.endpoint) == ("2.0", "ready", old.endpoint)
    assert len(committed.then) == 1


async def test_what_does_not_run_is_committed_at_once(stage: Stage, committed: Committed) -> None:
    stage.add("one", *PORT, version="1.0", start="manual")
    await upgraded(stage, committed, start="manual")
    assert len(committed.then) == 1
    stage.supervisor.start("one")
    assert (await stage.until("one", "ready")).version == "2.0"


async def test_one_that_is_stopped_meanwhile_stays_stopped(stage: Stage) -> None:
    await ready(stage)

    async def stop() -> None:
        stage.supervisor.stop("one")
        await stage.until("one", "stopped")

    new = stage.reading("one", *PORT, version="2.0", **QUICK)
    await stage.supervisor.upgrade(new, settle_s=SETTLE_S, commit=stop)
    await stage.eventually(lambda: stage.supervisor.view("one").version == "2.0")
    assert stage.supervisor.view("one").state == "stopped"
    assert _programs() == set()


async def test_there_is_one_upgrade_of_a_provider_at_a_time(
    stage: Stage, committed: Committed
) -> None:
    await ready(stage)

    async def again() -> None:
        with pytest.raises(NotStartableError, match="being changed"):
            await upgraded(stage, committed)

    new = stage.reading("one", *PORT, version="2.0", **QUICK)
    await stage.supervisor.upgrade(new, settle_s=SETTLE_S, commit=again)
    assert committed.then == []


async def test_the_end_of_the_daemon_ends_a_candidate_too(stage: Stage) -> None:
    await ready(stage)
    new = stage.reading("one", *PORT, version="2.0", **QUICK)
    never = asyncio.Event()

    async def wait() -> None:
        await never.wait()

    upgrade = asyncio.create_task(stage.supervisor.upgrade(new, settle_s=60, commit=wait))
    await stage.eventually(lambda: len(_programs()) == 2)
    await stage.supervisor.close(asyncio.Event(), timeout_s=20)
    with pytest.raises(UpgradeError):
        await upgrade
    assert _programs() == set()
