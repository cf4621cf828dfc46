"""A thousand starts and stops: what is still there afterwards."""

from __future__ import annotations

import time
from dataclasses import astuple, dataclass

from benchmarks import process
from benchmarks.figures import Limit, Row, Section, Unit
from benchmarks.ground import Daemon, running, temporary_home
from benchmarks.rounds import Effort, seconds
from benchmarks.table import number

_CODE = "cycled"
_UNITS = (Unit.COUNT, Unit.COUNT, Unit.COUNT, Unit.COUNT, Unit.BYTES)
_NAMES = ("descriptors", "tasks", "threads", "child processes", "RSS")
_LOOKS = 10
_GLANCES, _GLANCE_S = 10, 0.02


@dataclass(frozen=True, slots=True)
class Look:
    """What the daemon holds at one moment."""

    descriptors: float
    tasks: float
    threads: float
    children: float
    rss_bytes: float


def measure(effort: Effort) -> Section:
    """Each start and each stop is waited for; one look at every tenth of the cycles."""
    with temporary_home() as home:
        home.add(_CODE)
        with running(home) as daemon:
            per_look = max(1, effort.cycles // _LOOKS)
            _cycle(daemon, per_look)  # caches, the ring of output and pools fill up once
            looks, taken = [_look(daemon)], 0.0
            for _ in range(_LOOKS):
                taken += seconds(lambda: _cycle(daemon, per_look))
                looks.append(_look(daemon))
    return Section(
        "cycles",
        f"{per_look * _LOOKS:,} starts and stops of one provider, after {per_look} to warm up",
        "before them",
        (*growth(looks), Row("one cycle", Unit.SECONDS, (taken / (per_look * _LOOKS),))),
        _story(looks, per_look),
    )


def growth(looks: list[Look]) -> tuple[Row, ...]:
    """The last look beside the first; nothing that is counted may have grown."""
    first, last = astuple(looks[0]), astuple(looks[-1])
    return tuple(
        Row(name, unit, (now,), (before,), Limit(factor=1) if unit is Unit.COUNT else None)
        for name, unit, now, before in zip(_NAMES, _UNITS, last, first, strict=True)
    )


def _story(looks: list[Look], per_look: int) -> tuple[str, ...]:
    rows = [["cycles", *_NAMES]]
    for index, look in enumerate(looks):
        values = zip(astuple(look), _UNITS, strict=True)
        rows.append([str(index * per_look), *(number(value, unit) for value, unit in values)])
    return tuple("  ".join(cell.rjust(15) for cell in row) for row in rows)


def _cycle(daemon: Daemon, times: int) -> None:
    for _ in range(times):
        daemon.ask("start", _CODE)
        daemon.ask("stop", _CODE)


def _look(daemon: Daemon) -> Look:
    """The least of a few looks: a connection of ours may still be closing."""
    looks = []
    for _ in range(_GLANCES):
        time.sleep(_GLANCE_S)
        looks.append(_glance(daemon))
    return Look(*(min(values) for values in zip(*map(astuple, looks), strict=True)))


def _glance(daemon: Daemon) -> Look:
    tasks, pid = daemon.tasks(), daemon.pid
    return Look(
        process.descriptors(pid),
        tasks,
        process.threads(pid),
        float(len(process.children(pid))),
        process.rss_bytes(pid),
    )
