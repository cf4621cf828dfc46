"""What the kernel knows of a process (proc(5)); needs Linux."""

from __future__ import annotations

import os
from pathlib import Path

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """Processor time of all its threads so far, in user and system mode, to 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def pss_bytes(pid: int) -> float:
    """Its memory, where a page shared by n processes counts for an n-th."""
    return _kib(f"/proc/{pid}/smaps_rollup", "Pss:")


def rss_bytes(pid: int) -> float:
    """Its memory, shared pages counted whole."""
    return _kib(f"/proc/{pid}/status", "VmRSS:")


def descriptors(pid: int) -> float:
    """Files, sockets and pipes it has open."""
    return float(len(list(Path(f"/proc/{pid}/fd").iterdir())))


def threads(pid: int) -> float:
    """Its threads."""
    return float(len(list(Path(f"/proc/{pid}/task").iterdir())))


def children(pid: int) -> list[int]:
    """Its direct children, dead ones that nobody has reaped too."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += map(int, (task / "children").read_text().split())
    return found


def command(pid: int) -> list[str]:
    """Its words; none for a dead one."""
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")


def _kib(path: str, key: str) -> float:
    for line in Path(path).read_text().splitlines():
        if line.startswith(key):
            return float(line.split()[1]) * 1024
    raise ValueError(f"{path} tells no {key}")
