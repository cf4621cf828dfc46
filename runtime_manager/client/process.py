"""When a process started, which with its pid names it for good; a pid alone is given out again."""

from __future__ import annotations


def process_started_at(pid: int) -> float | None:
    """When `pid` started, in ticks since the machine did; None once gone, or without /proc.

    proc(5), field 22 of /proc/PID/stat; the name before it may hold spaces and parentheses.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123  # pathlib is slow to import
            stat = file.read()
    except OSError:
        return None
    fields = stat[stat.rindex(b")") + 2 :].split(None, 20)
    return None if fields[0] == b"Z" else float(fields[19])
