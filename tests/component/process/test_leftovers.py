"""What an earlier daemon left alive."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from runtime_manager.process import tree
from runtime_manager.process.leftovers import ancestors, end_leftovers
from tests.component.process.acting import eventually, fake, first_line, is_alive, shell, started

REPOSITORY = Path(__file__).parents[3]
HOME = f"lefttest{os.getpid()}"
MARKED = {"RTM_INSTANCE": f"{HOME}/a/1"}


async def test_leftovers_are_asked_and_then_killed() -> None:
    stubborn = fake("--setsid-child", "--never-listen", "--ignore-term", "--echo", "up", env=MARKED)
    async with started(stubborn) as one, started(shell("exec sleep 100", env=MARKED)) as other:
        left = int((await first_line(one)).split()[1])
        found = await end_leftovers(HOME, grace_s=0.1)
        assert {marked.pid for marked in found} == {one.pid, left, other.pid}
        assert {marked.marker for marked in found} == {f"{HOME}/a/1"}
        assert tree.marked(f"{HOME}/") == []
        await eventually(lambda: not is_alive(left))


async def test_one_that_ends_when_asked_is_given_its_time() -> None:
    asks = shell("trap 'exit 7' TERM; echo up; while :; do read line; done", env=MARKED)
    async with started(asks) as child:
        await first_line(child)
        await end_leftovers(HOME, grace_s=10)
        assert (await child.wait()).code == 7


async def test_another_home_is_not_touched() -> None:
    other = {"RTM_INSTANCE": f"{HOME}0/a/1"}
    async with started(shell("exec sleep 100", env=other)) as child:
        assert await end_leftovers(HOME, grace_s=0.1) == []
        assert is_alive(child.pid)


def test_a_daemon_started_from_inside_a_provider_spares_itself_and_those_above() -> None:
    code = (
        "import asyncio, os\n"
        "from runtime_manager.process.leftovers import end_leftovers\n"
        f"found = asyncio.run(end_leftovers('{HOME}', grace_s=0.1))\n"
        "print(len(found), end='')\n"
    )
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY), **MARKED}
    inside = ["/bin/sh", "-c", f'"{sys.executable}" -c "$1"; echo " $?"', "sh", code]
    done = subprocess.run(inside, env=env, capture_output=True, text=True, timeout=30)
    assert (done.stdout, done.returncode) == ("0 0\n", 0), done.stderr


def test_the_line_of_ancestors_begins_with_us() -> None:
    assert {os.getpid(), os.getppid()} <= ancestors()
