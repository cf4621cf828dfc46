"""Seeing the end of a child, with a pidfd and without."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Callable

import pytest

from runtime_manager.process.exit_watch import by_pidfd, by_thread
from tests.component.process.acting import open_descriptors, soon
from tests.component.process.conftest import Run

Watch = Callable[[int, Callable[[], None]], object]


@pytest.mark.parametrize("watch", [by_pidfd, by_thread])
def test_the_end_is_seen_before_the_child_is_reaped(run: Run, watch: Watch) -> None:
    async def scenario() -> None:
        before = open_descriptors()
        ended = asyncio.Event()
        popen = subprocess.Popen(["/bin/sh", "-c", "read x; exit 6"], stdin=subprocess.PIPE)
        watch(popen.pid, ended.set)
        assert popen.stdin is not None
        popen.stdin.close()
        await soon(ended.wait())
        found = os.waitid(os.P_PID, popen.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
        assert found is not None
        assert popen.wait() == 6
        assert open_descriptors() == before

    run(scenario())


def test_a_thread_that_waits_survives_the_end_of_the_loop(run: Run) -> None:
    popen = subprocess.Popen(["/bin/sh", "-c", "read x"], stdin=subprocess.PIPE)

    async def scenario() -> object:
        return by_thread(popen.pid, lambda: None)

    thread = run(scenario())
    assert popen.stdin is not None
    popen.stdin.close()
    thread.join(10)
    assert not thread.is_alive()
    popen.wait()
