"""Whether cgroups of our own may be made (cgroups(7), version 2), and the taking up of them.

A subtree is ours to use when we may write to it and nobody else's process is in it: so systemd gives
it with Delegate=yes, and a container's own. The daemon goes into a leaf of it, since a cgroup that
has processes cannot have controllers for its children.
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
        """None."""
        return frozenset()

    def describe(self) -> str:
        """The reason."""
        return self.reason


def find(proc: Path = Path("/proc")) -> Delegation | Refusal:
    """Whether a subtree has been delegated to this process; looks, and changes nothing."""
    mount = _mount(proc)
    if mount is None:
        return Refusal("there is no cgroup v2 here")
    path = _own_path(proc)
    if path is None:
        return Refusal("this process is in no cgroup v2")
    own = mount / path.lstrip("/")
    root = own.parent if own.name == _LEAF else own
    if not (root / "cgroup.subtree_control").exists():
        return Refusal(f"{root} cannot be divided: it is the root, or hidden from us")
    if not all(os.access(root / name, os.W_OK) for name in (".", "cgroup.subtree_control")):
        return Refusal(f"{root} is not ours to write: it needs Delegate=yes in the unit")
    others = _others(root)
    if others:
        return Refusal(
            f"{root} is shared with {len(others)} other processes, such as {others[0]}:"
            " it needs Delegate=yes in a unit of its own"
        )
    return Delegation(root, frozenset(WANTED) & _words(root / "cgroup.controllers"))


def missing(found: Delegation | Refusal) -> str:
    """Why a controller cannot be had, for one who needs it."""
    if isinstance(found, Refusal):
        return found.reason
    return f"{found.root} has no such controller; where cgroup v1 has it, v2 cannot"


class Cgroups:
    """The cgroups of one daemon's instances. Made by `take_up`."""

    def __init__(self, found: Delegation) -> None:
        self.delegation = found

    def make(self, code: str, generation: int) -> InstanceCgroup:
        """A new cgroup for one generation; its taker removes it. Raises OSError."""
        path = self.delegation.root / f"{PREFIX}{code}.{generation}"
        group = InstanceCgroup(path)
        group.make()
        return group


def take_up(found: Delegation) -> Cgroups | Refusal:
    """Move this process into its leaf, and hand the controllers on; what was left there is ended."""
    try:
        for left in found.root.glob(f"{PREFIX}*"):
            InstanceCgroup(left).end()
        leaf = found.root / _LEAF
        leaf.mkdir(exist_ok=True)
        (leaf / "cgroup.procs").write_text("0")
        given = _handed_on(found.root, sorted(found.controllers))
    except OSError as exc:
        return Refusal(f"{found.root} cannot be divided: {exc.strerror}")
    return Cgroups(Delegation(found.root, given))


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


def _own_path(proc: Path) -> str | None:
    for line in _lines(proc / "self" / "cgroup"):
        if line.startswith("0::"):
            return line[3:]
    return None


def _others(root: Path) -> list[int]:
    """The processes in `root` that are neither ours nor below us."""
    pids = [int(word) for word in _lines(root / "cgroup.procs") if word.isdigit()]
    ours = {os.getpid()} | tree.descendants({os.getpid()}) if len(pids) > 1 else {os.getpid()}
    return [pid for pid in pids if pid not in ours]


def _words(file: Path) -> frozenset[str]:
    return frozenset(word for line in _lines(file) for word in line.split())


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []
