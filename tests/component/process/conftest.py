"""Scenarios run on both kinds of loop, where the kind might matter."""

from __future__ import annotations

import asyncio
import ctypes
import os
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from runtime_manager.process.instance_cgroup import InstanceCgroup
from runtime_manager.process.reaper import is_subreaper

Run = Callable[[Coroutine[Any, Any, Any]], Any]

_LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(params=sorted(_LOOPS))
def run(request: pytest.FixtureRequest) -> Run:
    """A function that runs a coroutine to its end in a new loop of each kind."""

    def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
        with asyncio.Runner(loop_factory=_LOOPS[request.param]) as runner:
            return runner.run(coroutine)

    return run


@pytest.fixture(autouse=True)
def _orphans_are_init_s() -> None:
    """A test of the daemon's parts may have made this very process a subreaper (prctl(2))."""
    if sys.platform.startswith("linux") and is_subreaper():
        ctypes.CDLL(None).prctl(36, 0, 0, 0, 0)


@pytest.fixture
def cgroup() -> Iterator[InstanceCgroup]:
    """An empty one of the kernel's own, version 2; skips where this process may make none."""
    mount = _unified() if sys.platform.startswith("linux") else None
    made = InstanceCgroup((mount or Path("/nowhere")) / f"rtm-test-{os.getpid()}")
    try:
        made.make()
    except OSError as exc:
        pytest.skip(f"no cgroup v2 can be made here: {exc}")
    yield made
    assert made.end()


def _unified() -> Path | None:
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        if " - cgroup2 " in line:
            return Path(line.split()[4])
    return None
