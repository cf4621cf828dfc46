"""What a process tree uses, by psutil. Blocks: call it in a thread."""

from __future__ import annotations

from dataclasses import dataclass, replace

import psutil

from runtime_manager.process.instance_cgroup import InstanceCgroup
from runtime_manager.process.tree import tree_pids


@dataclass(frozen=True, slots=True)
class Usage:
    """Sums over the tree; `rss_bytes` counts shared pages for each process.

    What its cgroup tells is None without one: `memory_bytes` counts each page once, caches too;
    pressures are percent of the last ten seconds in which something of it had to wait.
    """

    processes: int
    rss_bytes: int
    cpu_seconds: float
    threads: int
    memory_bytes: int | None = None
    memory_pressure: float | None = None
    cpu_pressure: float | None = None
    io_pressure: float | None = None


def usage(pid: int, cgroup: InstanceCgroup | None = None) -> Usage | None:
    """What `pid` and all that belongs to it use now; None once nothing of it is left."""
    found = _of_tree(pid)
    if found is None or cgroup is None:
        return found
    told = cgroup.usage()
    return replace(
        found,
        memory_bytes=told.memory_bytes,
        memory_pressure=told.memory_pressure,
        cpu_pressure=told.cpu_pressure,
        io_pressure=told.io_pressure,
    )


def _of_tree(pid: int) -> Usage | None:
    found = [one for member in tree_pids(pid) if (one := _one(member)) is not None]
    if not found:
        return None
    return Usage(
        processes=len(found),
        rss_bytes=sum(one.rss_bytes for one in found),
        cpu_seconds=sum(one.cpu_seconds for one in found),
        threads=sum(one.threads for one in found),
    )


def _one(pid: int) -> Usage | None:
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            times = process.cpu_times()
            rss = process.memory_info().rss
            return Usage(1, rss, times.user + times.system, process.num_threads())
    except psutil.Error:
        return None
