"""Whether cgroups of our own may be made (cgroups(7), version 2), and the taking up of them.

A subtree is ours to use when we may write to it and nobody else's process is in it: so systemd
gives it with Delegate=yes. The daemon goes into a leaf of it, since a cgroup that has processes
cannot have controllers for its children.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from runtime_manager.process import tree
from runtime_manager.process.instance_cgroup import PREFIX, InstanceCgroup

WANTED = ("memory", "cpu", "pids")
"""The controllers that limits of a manifest need."""

_LEAF = "daemon"
_ESCAPED = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Delegation:
    """A subtree that is ours; `controllers` are those of WANTED that its children may have."""

    root: Path
    controllers: frozenset[str]

    def group(self, code: str, generation: int) -> InstanceCgroup:
        """The cgroup of one generation, which its taker makes and ends."""
        return InstanceCgroup(self.root / f"{PREFIX}{code}.{generation}")

    def describe(self) -> str:
        """As in `cgroup v2 in /sys/fs/cgroup/x, with memory, pids`."""
        given = ", ".join(name for name in WANTED if name in self.controllers)
        return f"cgroup v2 in {self.root}, with {given or 'no controllers'}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there are no cgroups for us, in words for an operator."""

    reason: str

    @property
    def controllers(self) -> frozenset[str]:
        """There are none."""
        return frozenset()

    def describe(self) -> str:
        """The reason."""
        return self.reason


def find(pid: int | None = None, *, proc: Path = Path("/proc")) -> Delegation | Refusal:
    """Whether a subtree has been delegated to process `pid`, by default this one.

    Looks, and changes nothing.
    """
    pid = os.getpid() if pid is None else pid
    mount = _mount(proc)
    if mount is None:
        return Refusal("there is no cgroup v2 here")
    path = _path(proc / str(pid))
    if path is None:
        return Refusal("the daemon is in no cgroup v2")
    own = mount / path.lstrip("/")
    root = own.parent if own.name == _LEAF else own
    if not (root / "cgroup.subtree_control").exists():
        return Refusal(f"{root} cannot be divided: it is the root, or hidden from us")
    if not all(os.access(root / name, os.W_OK) for name in (".", "cgroup.subtree_control")):
        return Refusal(f"{root} is not ours to write, as it is in a unit with Delegate=yes")
    others = (_pids(root) | _pids(root / _LEAF)) - {pid}
    if others and (others := others - tree.descendants({pid})):
        return Refusal(
            f"{root} is shared with other processes, such as {min(others)},"
            " as it is not in a unit of our own with Delegate=yes"
        )
    return Delegation(root, frozenset(WANTED) & _words(root / "cgroup.controllers"))


def missing(found: Delegation | Refusal) -> str:
    """Why a controller cannot be had, for one who needs it."""
    if isinstance(found, Refusal):
        return found.reason
    return f"{found.root} has no such controller; where cgroup v1 has it, v2 cannot"


def take_up(found: Delegation | Refusal) -> Delegation | Refusal:
    """Move this process into its leaf, and hand the controllers on; ends what was left there."""
    if isinstance(found, Refusal):
        return found
    try:
        for left in found.root.glob(f"{PREFIX}*"):
            InstanceCgroup(left).end()
        leaf = found.root / _LEAF
        leaf.mkdir(exist_ok=True)
        (leaf / "cgroup.procs").write_text("0")
        given = _handed_on(found.root, sorted(found.controllers))
    except OSError as exc:
        return Refusal(f"{found.root} cannot be divided: {exc.strerror}")
    return Delegation(found.root, given)


def _handed_on(root: Path, names: Iterable[str]) -> frozenset[str]:
    """One at a time: a controller that is refused does not keep the others away."""
    control = root / "cgroup.subtree_control"
    for name in names:
        with suppress(OSError):
            control.write_text(f"+{name}")
    return frozenset(WANTED) & _words(control)


def _mount(proc: Path) -> Path | None:
    """Where cgroup v2 is mounted (proc_pid_mountinfo(5)): alone, or beside v1 in `unified`."""
    for line in _lines(proc / "self" / "mountinfo"):
        before, _, after = line.partition(" - ")
        if after.split(" ", 1)[0] == "cgroup2":
            return Path(_ESCAPED.sub(lambda m: chr(int(m[1], 8)), before.split(" ")[4]))
    return None


def _path(process: Path) -> str | None:
    for line in _lines(process / "cgroup"):
        if line.startswith("0::"):
            return line[3:]
    return None


def _pids(folder: Path) -> set[int]:
    return {int(word) for word in _lines(folder / "cgroup.procs") if word.isdigit()}


def _words(file: Path) -> frozenset[str]:
    return frozenset(word for line in _lines(file) for word in line.split())


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []
