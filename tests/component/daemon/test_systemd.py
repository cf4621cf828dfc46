from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime_manager.clock import SystemClock
from runtime_manager.daemon.heartbeat import beat, extend_stop
from runtime_manager.daemon.status_line import keep_told
from runtime_manager.daemon.systemd import ServiceManager
from runtime_manager.supervisor.events import EventLog


class Ear:
    """What a service manager hears, message by message."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._sock.bind(str(path))
        self._sock.setblocking(False)

    async def hears(self) -> str:
        async with asyncio.timeout(10):
            return (await asyncio.get_running_loop().sock_recv(self._sock, 4096)).decode()

    def heard(self) -> str:
        return self._sock.recv(4096).decode()

    def close(self) -> None:
        self._sock.close()


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[Ear]:
    found = Ear(tmp_path / "n")
    yield found
    found.close()


def manager(ear: Ear, **more: str) -> ServiceManager:
    return ServiceManager({"NOTIFY_SOCKET": str(ear.path), **more})


def test_what_is_meant_for_us_is_taken_out_of_the_environment() -> None:
    environ = {"NOTIFY_SOCKET": "/n", "WATCHDOG_USEC": "1", "WATCHDOG_PID": "1", "KEEP": "1"}
    ServiceManager(environ)
    assert environ == {"KEEP": "1"}


@pytest.mark.parametrize(
    ("variables", "watchdog_s"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog_is_ours_only_when_it_names_us(
    variables: dict[str, str], watchdog_s: float | None
) -> None:
    assert ServiceManager({"NOTIFY_SOCKET": "/n", **variables}).watchdog_s == watchdog_s


def test_a_manager_that_is_gone_is_no_error() -> None:
    ServiceManager({}).tell("READY=1")
    ServiceManager({"NOTIFY_SOCKET": "/nowhere"}).tell("READY=1")
    ServiceManager({"NOTIFY_SOCKET": "@nobody-hears-this"}).tell("READY=1")


def test_a_reload_is_told_with_its_time_and_ends_in_ready_also_when_it_fails(ear: Ear) -> None:
    def fail() -> None:
        with manager(ear).reloading():
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    first, second = ear.heard().splitlines()
    assert first == "RELOADING=1"
    assert int(second.removeprefix("MONOTONIC_USEC=")) > 0
    assert ear.heard() == "READY=1"


async def test_the_loop_says_that_it_lives(ear: Ear) -> None:
    task = asyncio.create_task(beat(manager(ear, WATCHDOG_USEC="20000")))
    assert [await ear.hears() for _ in range(3)] == ["WATCHDOG=1"] * 3
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_nobody_is_told_of_life_who_does_not_watch(ear: Ear) -> None:
    await beat(manager(ear))
    with pytest.raises(BlockingIOError):
        ear.heard()


async def test_while_it_stops_it_asks_for_more_time(ear: Ear) -> None:
    task = asyncio.create_task(extend_stop(manager(ear)))
    assert await ear.hears() == "EXTEND_TIMEOUT_USEC=10000000"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_change_is_told_once_however_many_events_it_came_with(ear: Ear) -> None:
    events, states = EventLog(SystemClock(), unread_limit=2), ["starting"]
    task = asyncio.create_task(
        keep_told(manager(ear), events=events, states=lambda: states, every_s=0.01)
    )
    assert await ear.hears() == "STATUS=1 starting"
    events.publish("provider.state")
    states[:] = ["ready", "failed"]
    for _ in range(5):  # more than may be unread: the teller is cut off, and listens anew
        events.publish("provider.state")
    assert await ear.hears() == "STATUS=1 ready, 1 failed"
    events.close()
    await task
    with pytest.raises(BlockingIOError):
        ear.heard()


async def test_where_nobody_listens_nothing_is_told() -> None:
    await keep_told(ServiceManager({}), events=EventLog(SystemClock()), states=list)
