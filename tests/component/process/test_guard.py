"""What happens to everything when the daemon dies."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from runtime_manager.process import guard_main, tree
from runtime_manager.process.guard import GUARD_OF, Guard
from runtime_manager.process.instance_cgroup import InstanceCgroup
from runtime_manager.process.leftovers import end_leftovers
from tests.component.process.acting import (
    end,
    eventually,
    first_line,
    is_alive,
    open_descriptors,
    shell,
    soon,
    started,
)
from tests.component.process.conftest import Run

REPOSITORY = Path(__file__).parents[3]
KEEPER = Path(__file__).with_name("keeper.py")
HOME = f"guardtest{os.getpid()}"
PATIENCE_S = 5.0


@dataclass
class Keeper:
    """A daemon of its own, with programs under a guard."""

    process: asyncio.subprocess.Process

    async def ask(self) -> dict[str, object]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(b"?\n")
        return json.loads(await soon(self.process.stdout.readline()))

    async def die(self) -> None:
        self.process.kill()
        await soon(self.process.wait())


@asynccontextmanager
async def keeper(loop: str = "uvloop") -> AsyncIterator[Keeper]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(KEEPER), HOME, loop),
        env={"PYTHONPATH": str(REPOSITORY), "PATH": os.environ["PATH"]},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    known: list[int] = []
    try:
        one = Keeper(process)
        told = await one.ask()
        known = [*told["everybody"], told["guard"]]  # type: ignore[misc]
        yield one
    finally:
        if process.returncode is None:
            await one.die()
        for pid in filter(is_alive, known):
            end(pid)
        process._transport.close()  # type: ignore[attr-defined]


async def all_gone(pids: list[int]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while any(map(is_alive, pids)):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
async def test_nothing_survives_a_killed_daemon(loop: str) -> None:
    """Children in the group, out of the session, without a marker, stopped: all are ended."""
    async with keeper(loop) as daemon:
        told = await daemon.ask()
        assert all(map(is_alive, told["everybody"]))
        await daemon.die()
        await all_gone([*told["everybody"], told["guard"]])


async def test_a_guard_that_was_lost_is_replaced_and_told_again() -> None:
    async with keeper() as daemon:
        first = await daemon.ask()
        os.kill(first["guard"], signal.SIGKILL)
        now = first
        while now["guard"] == first["guard"]:
            now = await daemon.ask()
        assert all(map(is_alive, now["everybody"]))
        await daemon.die()
        await all_gone([*now["everybody"], now["guard"]])


async def test_a_new_daemon_waits_for_an_earlier_guard() -> None:
    """It would take the new daemon's programs for the old one's: both carry the home's marker."""
    async with keeper() as daemon:
        told = await daemon.ask()
        os.kill(told["guard"], signal.SIGSTOP)
        await daemon.die()
        ending = asyncio.ensure_future(end_leftovers(HOME, grace_s=0.1))
        await asyncio.sleep(0)
        assert not ending.done()
        os.kill(told["guard"], signal.SIGCONT)
        await soon(ending)
        assert not is_alive(told["guard"])
        await all_gone(told["everybody"])


def test_a_farewell_ends_nothing(run: Run) -> None:
    async def scenario() -> None:
        before = open_descriptors()
        guard = await Guard.start(HOME)
        async with started(shell("exec sleep 100", env={"RTM_INSTANCE": f"{HOME}/a/1"})) as child:
            guard.add(child.pid, child.started_at)
            guard.remove(child.pid)
            await soon(guard.close())
            assert not is_alive(guard.pid)
            assert is_alive(child.pid)
        assert open_descriptors() == before

    run(scenario())


async def test_what_is_still_registered_at_the_farewell_is_ended() -> None:
    guard = await Guard.start(HOME)
    async with started(shell("exec sleep 100")) as child:
        guard.add(child.pid, child.started_at)
        await soon(guard.close())
        assert (await soon(child.wait())).signal == signal.SIGKILL


async def test_a_guard_holds_nothing_of_the_daemon(listening: socket.socket) -> None:
    """No socket, no end of a pipe but its own, no marker of a provider; and it is in no group."""
    guard = await Guard.start(HOME)
    place = tree.kin(guard.pid)
    assert place is not None
    assert (place.group, place.session) == (guard.pid, guard.pid)
    links = {os.readlink(f"/proc/{guard.pid}/fd/{name}")[:5] for name in "012"}
    assert links == {"pipe:", "/dev/"}
    # Between fork and the end of execve(2) there is no environment to be read.
    await eventually(lambda: tree.marker_of(guard.pid) == f"{GUARD_OF}{HOME}")
    await eventually(lambda: set(os.listdir(f"/proc/{guard.pid}/fd")) == {"0", "1", "2"})
    await soon(guard.close())


async def test_a_guard_is_not_ended_by_what_ends_a_daemon() -> None:
    guard = await Guard.start(HOME)
    await eventually(lambda: _ignored(guard.pid) & 1 << (signal.SIGQUIT - 1) != 0)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(guard.pid, number)
    before = guard.pid
    guard.add(10_000_000, 1.0)
    guard.remove(10_000_000)
    await soon(guard.close())
    assert guard.pid == before


async def test_a_guard_that_does_not_listen_is_replaced() -> None:
    guard = await Guard.start(HOME)
    before = guard.pid
    os.kill(before, signal.SIGSTOP)
    for pid in range(10_000_000, 10_004_000):  # more than a pipe holds (pipe(7))
        guard.add(pid, 1.0)
        guard.remove(pid)
    await eventually(lambda: guard.pid != before)
    await soon(guard.close())


class TestTheProgram:
    """The guard itself, spoken to by its pipe."""

    async def test_a_pid_given_to_another_process_is_not_hit(self) -> None:
        async with started(shell("exec sleep 100")) as stranger:
            await hear(f"+{stranger.pid} {stranger.started_at - 1:.0f}\n")
            assert is_alive(stranger.pid)

    async def test_what_was_removed_is_not_hit(self) -> None:
        async with started(shell("exec sleep 100")) as child:
            await hear(f"+{child.pid} {child.started_at:.0f}\n-{child.pid}\n")
            assert is_alive(child.pid)

    async def test_the_group_of_a_leader_that_is_gone_is_ended(self) -> None:
        async with started(shell("sleep 100 & echo $!")) as child:
            left = int(await first_line(child))
            await soon(child.wait())
            assert is_alive(left)
            await hear(f"+{child.pid} {child.started_at:.0f}\n")
            await eventually(lambda: not is_alive(left))

    async def test_another_home_is_not_hit(self) -> None:
        other = {"RTM_INSTANCE": f"{HOME}0/a/1"}
        async with started(shell("exec sleep 100", env=other)) as child:
            await hear("")
            assert is_alive(child.pid)


async def hear(text: str) -> None:
    """Run a guard that hears `text` and then nothing more, to its end."""
    argv = [sys.executable, "-I", "-S", guard_main.__file__, HOME]
    process = await asyncio.create_subprocess_exec(*argv, stdin=subprocess.PIPE, env={})
    await soon(process.communicate(text.encode()))
    assert process.returncode == 0


def _ignored(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1], 16) for line in status.splitlines() if "SigIgn" in line)


def test_with_cgroups_nothing_gets_out_of_them(cgroup: InstanceCgroup) -> None:
    """Who leaves its session and empties its environment has no other mark."""
    folder = cgroup.path / "provider-a.1"
    folder.mkdir()
    words = f"echo 0 > {folder}/cgroup.procs; exec setsid env -i sleep 1000"
    escaped = subprocess.Popen(["sh", "-c", words])
    while escaped.pid not in InstanceCgroup(folder).pids():
        time.sleep(0.001)
    command = [sys.executable, "-I", "-S", guard_main.__file__, HOME, str(cgroup.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE):
        pass  # the end of its pipe is what it waits for
    assert escaped.wait() == -signal.SIGKILL
