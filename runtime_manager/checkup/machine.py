"""The machine and the interpreter: limits, cgroups, the clock, the event loop, inotify."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from importlib import metadata
from pathlib import Path

from runtime_manager import __version__
from runtime_manager.checkup.rows import Row, bad, note, ok, warn
from runtime_manager.errors import SpawnError
from runtime_manager.model.manifest import Limits
from runtime_manager.model.provider import Provider
from runtime_manager.process import tree
from runtime_manager.process.cgroup import WANTED, Delegation, Refusal
from runtime_manager.process.limits import bounds_of

_PER_PROVIDER = 16
_OWN_FILES = 128
_LEAST_WATCHES = 8192
_FUTURE_S = 300.0
_MADE = 1_735_689_600.0  # 2025-01-01: nothing of ours is older


def program() -> Row:
    """Which program and interpreter this is."""
    python = sys.version.partition(" ")[0]
    return note("program", f"runtime-manager {__version__}, Python {python} at {sys.executable}")


def event_loop() -> Row:
    """Whether the fast loop is there."""
    try:
        return ok("uvloop", metadata.version("uvloop"))
    except metadata.PackageNotFoundError:
        text = "not installed: the gateway takes twice the processor time per request"
        return warn("uvloop", text, f"{sys.executable} -m pip install uvloop")


def open_files(pid: int | None, *, connections: int, providers: int) -> Row:
    """Whether the limit (getrlimit(2)) is enough for every connection that settings allow.

    `pid` is the daemon's; None: what a daemon started from here would have.
    """
    soft, hard = _limit(pid, resource.RLIMIT_NOFILE)
    needed = connections * 2 + providers * _PER_PROVIDER + _OWN_FILES
    whose = "the daemon may" if pid else "a daemon started here may"
    told = f"{whose} have {_number(soft)} open"
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return ok("open files", told)
    least = providers * _PER_PROVIDER + _OWN_FILES
    room = max(0, (soft - least) // 2)
    hint = f"ulimit -n {_number(min(needed, hard) if hard > 0 else needed)} before rtm serve"
    hint += ", or LimitNOFILE= in the unit"
    if room < connections // 16:
        return bad("open files", f"{told}: room for {room} connections of {connections}", hint)
    return warn("open files", f"{told}: room for {room} connections of {connections}", hint)


def processes() -> Row:
    """Whether the user may start more (RLIMIT_NPROC counts threads of the user)."""
    soft, _ = _limit(None, resource.RLIMIT_NPROC)
    if soft == resource.RLIM_INFINITY or os.getuid() == 0:
        return ok("processes", "no limit for this user")
    used = _threads_of(os.getuid())
    told = f"{used} of {soft} threads of this user are in use"
    if used > soft * 0.9:
        return warn("processes", told, "end some, or raise ulimit -u")
    return ok("processes", told)


def _limit(pid: int | None, which: int) -> tuple[int, int]:
    if pid is not None and hasattr(resource, "prlimit"):
        try:
            return resource.prlimit(pid, which)
        except (OSError, ValueError):
            pass  # another user's
    return resource.getrlimit(which)


def _number(limit: int) -> str:
    return "any number" if limit == resource.RLIM_INFINITY else str(limit)


def _threads_of(uid: int) -> int:
    count = 0
    for pid in tree.pids():
        folder = Path(f"/proc/{pid}/task")
        try:
            count += len(list(folder.iterdir())) if folder.stat().st_uid == uid else 0
        except OSError:
            continue
    return count


def clock(files: Iterable[Path], *, now: float | None = None) -> Row:
    """Whether the clock can be right: not before this program was made, nor before own files."""
    now = time.time() if now is None else now
    shown = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))
    hint = "set it, as by systemd-timesyncd or chrony: log times and sessions depend on it"
    if now < _MADE:
        return bad("clock", f"it says {shown}", hint)
    ahead = [path for path in files if _changed_at(path) > now + _FUTURE_S]
    if ahead:
        return warn("clock", f"it says {shown}, and {ahead[0]} is of later than that", hint)
    return ok("clock", shown)


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def inotify(folder: Path = Path("/proc/sys/fs/inotify")) -> Iterator[Row]:
    """Whether folders can be watched for changes (inotify(7)); nothing where there is none."""
    try:
        watches = int((folder / "max_user_watches").read_text())
        instances = int((folder / "max_user_instances").read_text())
    except (OSError, ValueError):
        return
    used = _inotify_in_use(os.getuid())
    told = f"{watches} watches; {used} of {instances} instances in use"
    if used >= instances - 1:
        hint = "sysctl fs.inotify.max_user_instances=1024, or end what watches folders"
        yield warn("inotify", told, hint)
    elif watches < _LEAST_WATCHES:
        yield warn("inotify", told, "sysctl fs.inotify.max_user_watches=65536")
    else:
        yield ok("inotify", told)


def _inotify_in_use(uid: int) -> int:
    return sum(_inotify_of(pid, uid) for pid in tree.pids())


def _inotify_of(pid: int, uid: int) -> int:
    folder = Path(f"/proc/{pid}/fd")
    try:
        if folder.stat().st_uid != uid:
            return 0
        return sum(str(one.readlink()).endswith("inotify") for one in folder.iterdir())
    except OSError:
        return 0


def cgroup(providers: Sequence[Provider], found: Delegation | Refusal) -> Row:
    """How limits are kept, from what was found of the daemon's cgroup; and what is refused."""
    asking = [one.code for one in providers if one.manifest.limits.model_dump(exclude_none=True)]
    refused = [one.code for one in providers if _is_refused(one.manifest.limits, found)]
    if found.controllers >= set(WANTED):
        return ok("cgroup", found.describe())
    told = f"{found.describe()}: memory and open files are limited by rlimits"
    if refused:
        hint = "run it under systemd with Delegate=yes (rtm service install)"
        return warn("cgroup", f"{told}; refused: {', '.join(refused)}", hint)
    return note("cgroup", f"{told}, as {', '.join(asking)} asked" if asking else told)


def _is_refused(limits: Limits, found: Delegation | Refusal) -> bool:
    try:
        bounds_of(limits, found)
    except SpawnError:
        return True
    return False
