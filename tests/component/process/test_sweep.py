"""Ending what a program left behind."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from runtime_manager.process.spawn import Child
from runtime_manager.process.sweep import sweep
from tests.component.process.acting import (
    end,
    eventually,
    everything,
    fake,
    first_line,
    is_alive,
    lines,
    python,
    shell,
    soon,
    started,
)

MARKER = f"sweeptest{os.getpid()}/one/1"
MARKED = {"RTM_INSTANCE": MARKER}


async def swept(child: Child) -> set[int]:
    """Kill the leader alone, and sweep."""
    os.kill(child.pid, signal.SIGKILL)
    await soon(child.wait())
    return sweep(child.pid, marker=MARKER)


async def test_a_child_in_the_group_is_ended() -> None:
    async with started(fake("--grandchild", "--never-listen")) as child:
        left = int((await first_line(child)).split()[1])
        assert await swept(child) == {left}
        assert await everything(child.stdout) == b""
        await eventually(lambda: not is_alive(left))


async def test_a_child_in_a_group_of_its_own_is_known_by_its_session() -> None:
    own_group = (
        "import os, signal\n"
        "if not os.fork():\n"
        "    os.setpgid(0, 0)\n"
        "    print(os.getpid(), flush=True)\n"
        "signal.pause()\n"
    )
    async with started(python(own_group)) as child:
        left = int(await first_line(child))
        assert await swept(child) == {left}
        await eventually(lambda: not is_alive(left))


async def test_a_child_that_left_the_session_is_known_by_its_marker() -> None:
    both = fake("--grandchild", "--setsid-child", "--never-listen", env=MARKED)
    async with started(both) as child:
        left = {int(line.split()[1]) for line in await lines(child, 2)}
        assert await swept(child) == left
        await eventually(lambda: not any(map(is_alive, left)))


async def test_a_stopped_child_is_ended_too() -> None:
    async with started(fake("--grandchild", "--never-listen")) as child:
        left = int((await first_line(child)).split()[1])
        os.kill(left, signal.SIGSTOP)
        assert await swept(child) == {left}
        await eventually(lambda: not is_alive(left))


async def test_nothing_of_another_provider_is_touched() -> None:
    other = {"RTM_INSTANCE": MARKER + "0"}
    async with started(fake("--setsid-child", "--never-listen", env=other)) as stranger:
        theirs = int((await first_line(stranger)).split()[1])
        async with started(shell("exec sleep 100", env=MARKED)) as child:
            assert await swept(child) == set()
        assert is_alive(theirs)
        assert is_alive(stranger.pid)
        end(theirs)
        await eventually(lambda: not is_alive(theirs))


async def test_a_pid_that_is_somebody_else_s_now_is_no_leader() -> None:
    """No process can have got the leader's pid while its group or session lived (setsid(2))."""
    async with started(fake("--grandchild", "--never-listen")) as stranger:
        theirs = int((await first_line(stranger)).split()[1])
        assert sweep(stranger.pid, marker=MARKER) == set()
        assert is_alive(theirs)
        assert await swept(stranger) == {theirs}


async def test_a_marker_said_twice_hurts_nobody(tmp_path: Path) -> None:
    """A program may write over its own environment; execve(2) takes what it is given."""
    script = (
        "import ctypes, os\n"
        "words = (ctypes.c_char_p * 3)(b'RTM_INSTANCE=a/b/1', b'RTM_INSTANCE=a/b/2', None)\n"
        "argv = (ctypes.c_char_p * 3)(b'sleep', b'100', None)\n"
        "print('ready', flush=True)\n"
        "ctypes.CDLL(None).execve(b'/bin/sleep', argv, words)\n"
    )
    async with started(python(script)) as odd:
        await first_line(odd)
        await eventually(lambda: Path(f"/proc/{odd.pid}/comm").read_text() == "sleep\n")
        async with started(shell("exec sleep 100", env=MARKED)) as child:
            assert await swept(child) == set()


async def test_a_parent_that_replaces_its_children_is_ended_with_them() -> None:
    """It may have started another while it was looked at."""
    respawns = (
        "import os, signal\n"
        "if os.fork(): signal.pause()\n"
        "os.setsid()\n"
        "print('ready', flush=True)\n"
        "while True:\n"
        "    if os.fork() == 0: signal.pause()\n"
        "    os.wait()\n"
    )
    async with started(python(respawns, env=MARKED)) as child:
        await first_line(child)
        await swept(child)
        assert await everything(child.stdout) == b""
