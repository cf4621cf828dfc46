"""What every test is held to: it leaves no process, no task and no socket behind."""

from __future__ import annotations

import asyncio
import gc
import inspect
import os
import signal
import socket
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, settings

_TASKS = Path("/proc/self/task")
_HAS_CHILD_LIST = (_TASKS / str(os.getpid()) / "children").exists()
_BEFORE = pytest.StashKey[tuple[set[tuple[int, float]], set[str]]]()


settings.register_profile(
    "here",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],  # a busy machine is no fault of a strategy
)
settings.load_profile("here")


def pytest_configure() -> None:
    """Give programs the signals as they are at a terminal.

    A shell starts what it puts in the background with SIGINT and SIGQUIT ignored, and that is
    inherited (POSIX, Shell Command Language, 2.11).
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Note what is open before the first fixture of a test."""
    item.stash[_BEFORE] = (_children(), _open_sockets())
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Fail the test that leaves a child process or a socket once its last fixture is gone."""
    result = yield
    children, sockets = item.stash[_BEFORE]
    if _children() != children or not _open_sockets() <= sockets:
        gc.collect()  # what only a reference cycle keeps is not left behind
    left = _children() - children
    for pid, _ in left:
        if psutil.pid_exists(pid):
            psutil.Process(pid).kill()
    assert not left, f"the test left processes: {left}"
    left_sockets = _open_sockets() - sockets
    assert not left_sockets, f"the test left sockets: {left_sockets}"
    return result


@pytest.fixture(autouse=True)
def nothing_left_behind(request: pytest.FixtureRequest) -> None:
    """Hold every asynchronous test to leaving no task."""
    if inspect.iscoroutinefunction(getattr(request, "function", None)):
        request.getfixturevalue("no_tasks_left")


@pytest.fixture
async def no_tasks_left() -> AsyncIterator[None]:
    """Fail the asynchronous test that leaves a task running."""
    before = asyncio.all_tasks()
    yield
    left = {task for task in asyncio.all_tasks() - before if not task.done()}
    left.discard(asyncio.current_task())  # type: ignore[arg-type]  # a fixture runs in a task
    assert not left, f"the test left tasks: {left}"


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A socket that listens on a free loopback port; closed after the test."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


def _children() -> set[tuple[int, float]]:
    """The processes below this one, with their start times; cheap where there are none."""
    if _HAS_CHILD_LIST and not any(_child_list(task) for task in _TASKS.iterdir()):
        return set()
    found = set()
    for child in psutil.Process().children(recursive=True):
        try:
            found.add((child.pid, child.create_time()))
        except psutil.NoSuchProcess:
            continue
    return found


def _child_list(task: Path) -> str:
    try:
        return (task / "children").read_text()
    except OSError:
        return ""  # a thread that has just ended


def _open_sockets() -> set[str]:
    if not Path("/proc/self/fd").exists():
        return set()
    links = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            link = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue
        if link.startswith("socket:"):
            links.add(link)
    return links
