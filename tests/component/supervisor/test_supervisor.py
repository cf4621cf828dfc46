from __future__ import annotations

import asyncio
import os
import signal

import psutil
import pytest

from runtime_manager.errors import UnknownCodeError, WaitTimeoutError
from runtime_manager.gateway.routes import Gate
from tests.component.supervisor.conftest import Stage

QUICK = {"restart": {"delay": "10ms", "max": 2}, "stop": {"grace": "5s", "drain": "5s"}}


@pytest.mark.parametrize(
    ("listen", "args"),
    [
        ("port", ["--port", "{port}"]),
        ("unix", ["--socket", "{socket}"]),
        ("fd", ["--fd"]),
        ("report", ["--report"]),
    ],
)
async def test_each_way_to_listen_leads_to_an_open_route(
    stage: Stage, listen: str, args: list[str]
) -> None:
    stage.add("one", *args, listen=listen)
    stage.supervisor.start("one")
    view = await stage.until("one", "ready", "failed")
    assert view.state == "ready", view
    (route,) = stage.plane.tables[-1].routes
    assert (route.gate, str(route.endpoint)) == (Gate.OPEN, view.endpoint)


async def test_ready_can_be_said_before_the_health_path_answers(stage: Stage) -> None:
    stage.add("one", "--port", "{port}", "--notify", "--status", "503")
    stage.supervisor.start("one")
    assert (await stage.until("one", "ready", "failed")).state == "ready"


async def test_a_server_that_cannot_share_the_held_port_gets_it_at_the_next_try(
    stage: Stage,
) -> None:
    stage.add("one", "--port", "{port}", "--no-reuse", restart={"delay": "10ms"})
    stage.supervisor.start("one")
    view = await stage.until("one", "ready", "failed")
    assert (view.state, view.restarts) == ("ready", 1)
    assert stage.states("one") == ["starting", "backoff", "starting", "ready"]


async def test_one_deaf_to_the_stop_signal_is_killed_after_its_grace(stage: Stage) -> None:
    stage.add("one", "--port", "{port}", "--ignore-term", stop={"grace": "100ms"})
    stage.supervisor.start("one")
    await stage.until("one", "ready")
    stage.supervisor.stop("one")
    view = await stage.until("one", "stopped")
    assert view.last_exit == "killed by SIGKILL"
    assert (view.cause and view.cause.kind) == "asked"


async def test_what_a_crashed_program_leaves_is_gone_before_it_is_started_again(
    stage: Stage,
) -> None:
    pids = stage.home.root / "pids"
    stage.add("one", "--port", "{port}", "--setsid-child", str(pids), restart={"delay": "10ms"})
    stage.supervisor.start("one")
    first = await stage.until("one", "ready")
    left = int(pids.read_text().split()[-1])
    assert psutil.pid_exists(left)
    os.kill(first.pid or 0, signal.SIGKILL)
    again = await stage.supervisor.wait(
        "one", until=lambda v: v.generation == 2 and v.state == "ready", timeout_s=20
    )
    assert again.restarts == 1
    assert not _is_running(left)


async def test_requests_under_way_hold_the_stop_signal_back(stage: Stage) -> None:
    stage.add("one", "--port", "{port}", stop={"drain": "20s"})
    stage.supervisor.start("one")
    await stage.until("one", "ready")
    stage.plane.under_way["one", 1] = 1
    stage.supervisor.stop("one")
    view = await stage.until("one", "stopping")
    assert stage.plane.tables[-1].routes[0].gate is Gate.CLOSED
    assert psutil.pid_exists(view.pid or 0)
    stage.plane.under_way.clear()
    stage.board.settled("one", 1)
    assert (await stage.until("one", "stopped")).last_exit is not None


async def test_idle_on_demand_stops_and_a_wake_starts_it_again(stage: Stage) -> None:
    stage.add("one", "--port", "{port}", start="on-demand", idle_timeout="50ms")
    await stage.supervisor.wait("one", until=lambda v: v.wanted == "on-demand", timeout_s=5)
    stage.supervisor.wake("one")
    await stage.until("one", "ready")
    resting = await stage.until("one", "stopped")
    assert (resting.wanted, resting.cause and resting.cause.kind) == ("on-demand", "idle")
    assert stage.plane.tables[-1].routes[0].wakes
    stage.supervisor.wake("one")
    await stage.supervisor.wait("one", until=lambda v: v.generation == 2, timeout_s=10)


async def test_those_that_start_together_leave_turns_of_the_loop_to_others(stage: Stage) -> None:
    codes = [f"one-{number}" for number in range(4)]
    for code in codes:
        stage.add(code, "--port", "{port}")
    stage.supervisor.start_all()
    begun = [0]
    while begun[-1] < len(codes):
        await asyncio.sleep(0)
        begun.append(sum("starting" in stage.states(code) for code in codes))
    assert sorted(set(begun)) == [0, 1, 2, 3, 4]
    for code in codes:
        await stage.until(code, "ready")


async def test_an_operators_stop_is_not_undone_by_a_request(stage: Stage) -> None:
    stage.add("one", "--port", "{port}", start="on-demand")
    stage.supervisor.stop("one")
    await stage.supervisor.wait("one", until=lambda v: v.wanted == "down", timeout_s=5)
    stage.supervisor.wake("one")
    with pytest.raises(WaitTimeoutError, match="one is still stopped"):
        await stage.until("one", "starting", timeout_s=0.2)


async def test_a_dependent_waits_is_started_after_and_stopped_before(stage: Stage) -> None:
    stage.add("db", "--port", "{port}", "--ready-after", "0.2")
    stage.add("web", "--port", "{port}", depends_on=["db"])
    stage.supervisor.start_all()
    waiting = await stage.supervisor.wait("web", until=lambda v: v.wanted == "up", timeout_s=5)
    assert (waiting.state, waiting.cause and waiting.cause.message) == (
        "stopped",
        "waiting for db",
    )
    await stage.until("web", "ready")
    await stage.supervisor.close(asyncio.Event(), timeout_s=20)
    stopped = [
        event.code
        for event in stage.supervisor.events.recent(0) or ()
        if event.name == "provider.state" and event.data["to"] == "stopped"
    ]
    assert stopped == ["web", "db"]


async def test_a_hurried_close_waits_for_nobodys_grace(stage: Stage) -> None:
    stage.add("one", "--port", "{port}", "--ignore-term", stop={"grace": "60s"})
    stage.supervisor.start("one")
    view = await stage.until("one", "ready")
    hurry = asyncio.Event()
    hurry.set()
    await stage.supervisor.close(hurry, timeout_s=60)
    assert not _is_running(view.pid or 0)


async def test_a_missing_program_fails_at_once_and_says_which(stage: Stage) -> None:
    stage.add("one", "--port", "{port}", binary="no-such-program-anywhere", **QUICK)
    stage.supervisor.start("one")
    view = await stage.until("one", "failed")
    assert view.cause is not None
    assert "no-such-program-anywhere" in view.cause.message
    assert stage.states("one") == ["starting", "failed"]


async def test_an_unknown_code_names_the_nearest(stage: Stage) -> None:
    stage.add("echo", "--port", "{port}")
    with pytest.raises(UnknownCodeError, match=r"did you mean echo\?"):
        stage.supervisor.start("ecko")


def _is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
