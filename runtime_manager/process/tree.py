"""Which processes belong together: descendants, sessions, and the marker in an environment.

Linux is read from /proc (proc(5)); elsewhere psutil is asked. A process that vanishes while it is
looked at is left out. A pid alone names nothing for long: `started_at` goes with it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

PROC = Path("/proc")
IS_PROC = (PROC / "self" / "stat").exists()
MARKER = "RTM_INSTANCE"


@dataclass(frozen=True, slots=True)
class Marked:
    """A process that carries a marker; `started_at` as `started_at(pid)` gives it."""

    pid: int
    started_at: float
    marker: str


@dataclass(frozen=True, slots=True)
class Kin:
    """What a process is to others: its parent, its group, its session."""

    pid: int
    parent: int
    group: int
    session: int
    state: str
    started_at: float


def kin(pid: int) -> Kin | None:
    """One process's place; None once it is gone."""
    if not IS_PROC:
        return _kin_by_psutil(pid)
    try:
        stat = (PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return None
    return parse_stat(pid, stat)


def parse_stat(pid: int, stat: bytes) -> Kin:
    """Read a line of /proc/PID/stat; the name in it may hold spaces and parentheses."""
    fields = stat[stat.rindex(b")") + 2 :].split()
    parent, group, session = (int(field) for field in fields[1:4])
    return Kin(pid, parent, group, session, fields[0].decode(), float(fields[19]))


def _kin_by_psutil(pid: int) -> Kin | None:
    try:
        process = psutil.Process(pid)
        state = "Z" if process.status() == psutil.STATUS_ZOMBIE else "R"
        return Kin(
            pid, process.ppid(), os.getpgid(pid), os.getsid(pid), state, process.create_time()
        )
    except (psutil.Error, OSError):
        return None


def started_at(pid: int) -> float | None:
    """When `pid` started, in the machine's own ticks; None once it is gone."""
    found = kin(pid)
    return found.started_at if found else None


def pids() -> list[int]:
    """Every process there is."""
    if not IS_PROC:
        return psutil.pids()
    names = os.listdir(PROC)  # noqa: PTH208  # names only, and fast
    return [int(name) for name in names if name.isdigit()]


def everyone() -> list[Kin]:
    """The place of every process there is."""
    return [found for pid in pids() if (found := kin(pid)) is not None]


def tree_pids(pid: int) -> set[int]:
    """`pid`, its descendants, and whoever is in its session."""
    people = everyone()
    tree = {pid} | {one.pid for one in people if one.session == pid}
    grown = True
    while grown:
        more = {one.pid for one in people if one.parent in tree} - tree
        tree |= more
        grown = bool(more)
    return tree


def marked(prefix: str) -> list[Marked]:
    """The live processes whose marker starts with `prefix`, as in `<home_id>/echo/`."""
    return [found for pid in pids() for found in _marked(pid, prefix)]


def _marked(pid: int, prefix: str) -> Iterator[Marked]:
    marker = marker_of(pid)
    if marker is None or not marker.startswith(prefix):
        return
    found = kin(pid)
    if found is not None and found.state != "Z":
        yield Marked(pid, found.started_at, marker)


def marker_of(pid: int) -> str | None:
    """The marker a process was started with; None without one, or when it may not be read."""
    if not IS_PROC:
        return _marker_by_psutil(pid)
    try:
        environ = (PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return None
    wanted = f"{MARKER}=".encode()
    if not environ.startswith(wanted) and b"\0" + wanted not in environ:
        return None
    (value,) = (v for v in environ.split(b"\0") if v.startswith(wanted))
    return value[len(wanted) :].decode(errors="replace")


def _marker_by_psutil(pid: int) -> str | None:
    try:
        return psutil.Process(pid).environ().get(MARKER)
    except psutil.Error:
        return None
