"""Whether cgroups may be made, on trees of files as the kernel shows them; and one of its own."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from runtime_manager.process.cgroup import Delegation, Refusal, find, missing, take_up
from runtime_manager.process.instance_cgroup import InstanceCgroup
from runtime_manager.process.spawn import Launch, spawn

ME = os.getpid()


class Machine:
    """A /proc and a /sys/fs/cgroup that say what a test wants."""

    def __init__(self, folder: Path) -> None:
        self.proc = folder / "proc"
        self.mount = folder / "sys" / "cgroup"
        (self.proc / "self").mkdir(parents=True)
        (self.proc / str(ME)).mkdir()
        self.mount.mkdir(parents=True)
        self.mounts(f"30 1 0:26 / {self.mount} rw shared:9 - cgroup2 cgroup2 rw\n")

    def mounts(self, text: str) -> None:
        (self.proc / "self" / "mountinfo").write_text(text)

    def within(self, path: str, *, pids: str = str(ME), controllers: str = "cpu memory") -> Path:
        """Put this process into a cgroup with these members."""
        (self.proc / str(ME) / "cgroup").write_text(f"4:memory:/x\n0::{path}\n")
        folder = self.mount / path.lstrip("/")
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in (
            ("cgroup.subtree_control", ""),
            ("cgroup.procs", pids),
            ("cgroup.controllers", controllers),
        ):
            (folder / name).write_text(text)
        return folder

    def found(self) -> Delegation | Refusal:
        return find(ME, proc=self.proc)

    def reason(self) -> str:
        found = self.found()
        assert isinstance(found, Refusal)
        assert found.describe() == found.reason
        assert missing(found) == found.reason
        assert not found.controllers
        return found.reason


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_cgroup_that_only_we_are_in_is_ours_with_what_it_has(machine: Machine) -> None:
    root = machine.within("/system.slice/rtm.service", controllers="cpu io memory")
    found = machine.found()
    assert found == Delegation(root, frozenset({"cpu", "memory"}))
    assert isinstance(found, Delegation)
    assert found.describe() == f"cgroup v2 in {root}, with memory, cpu"
    assert "no such controller" in missing(found)


def test_a_daemon_that_is_in_its_leaf_already_has_what_is_above(machine: Machine) -> None:
    root = machine.within("/u.service", pids="")
    machine.within("/u.service/daemon")
    assert machine.found() == Delegation(root, frozenset({"cpu", "memory"}))


def test_a_mount_point_with_a_space_is_found(machine: Machine, tmp_path: Path) -> None:
    machine.mount = tmp_path / "a b"
    machine.mounts(f"30 1 0:26 / {tmp_path}/a\\040b rw - cgroup2 cgroup2 rw\n")
    assert machine.found() == Refusal("the daemon is in no cgroup v2")
    root = machine.within("/u.service")
    assert machine.found() == Delegation(root, frozenset({"cpu", "memory"}))


def test_without_version_2_there_is_none(machine: Machine) -> None:
    machine.mounts("30 1 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n")
    assert machine.reason() == "there is no cgroup v2 here"
    (machine.proc / "self" / "mountinfo").unlink()
    assert machine.reason() == "there is no cgroup v2 here"


def test_one_that_others_are_in_is_not_ours(machine: Machine) -> None:
    machine.within("/session.scope", pids=f"1\n{ME}\n")
    assert "shared with other processes, such as 1" in machine.reason()
    assert "Delegate=yes" in machine.reason()


def test_one_whose_leaf_another_daemon_is_in_is_not_ours(machine: Machine) -> None:
    root = machine.within("/u.service")
    (root / "daemon").mkdir()
    (root / "daemon" / "cgroup.procs").write_text("1\n")
    assert "such as 1" in machine.reason()


def test_the_root_cannot_be_divided(machine: Machine) -> None:
    (machine.proc / str(ME) / "cgroup").write_text("0::/\n")
    assert "cannot be divided" in machine.reason()


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_one_that_we_cannot_write_to_is_not_ours(machine: Machine) -> None:
    machine.within("/u.service").chmod(0o500)
    assert "not ours to write" in machine.reason()


def test_what_is_refused_stays_refused(machine: Machine, tmp_path: Path) -> None:
    refusal = Refusal("no")
    assert take_up(refusal) is refusal
    told = take_up(Delegation(tmp_path / "gone", frozenset()))
    assert isinstance(told, Refusal)
    assert "cannot be divided" in told.reason


# With the kernel's own, where this process may make one.


async def test_a_program_is_in_its_cgroup_from_the_start_and_nothing_gets_out(
    cgroup: InstanceCgroup, tmp_path: Path
) -> None:
    words = "setsid env -i sleep 1000 & cat /proc/self/cgroup; exec sleep 1000"
    launch = Launch(("/bin/sh", "-c", words), env={"PATH": os.environ["PATH"]}, cwd=tmp_path,
                    cgroup=cgroup.path)  # fmt: skip
    child = spawn(launch)
    with open(child.stdout, "rb", closefd=False) as told:
        lines = told.readline()
        while b"0::" not in lines:
            lines = told.readline()
    assert lines.decode().strip().endswith(cgroup.path.name)
    assert child.pid in cgroup.pids()
    assert len(cgroup.pids()) >= 2
    assert not cgroup.was_out_of_memory
    assert cgroup.usage().memory_pressure is None or cgroup.usage().memory_pressure >= 0
    left = cgroup.sweep()
    assert child.pid in left
    assert (await child.wait()).signal == signal.SIGKILL
    child.close_output()
    assert cgroup.end()
    assert not cgroup.path.exists()
    cgroup.make()
    assert cgroup.sweep() == set()


def test_what_is_in_one_of_that_name_is_ended_first(cgroup: InstanceCgroup) -> None:
    left = subprocess.Popen(["sleep", "1000"])
    (cgroup.path / "cgroup.procs").write_text(str(left.pid))
    cgroup.make()
    assert left.wait() == -signal.SIGKILL
    assert cgroup.pids() == set()
