"""Whether what a daemon holds grows over its life. Pure, but for `look`.

The first part of the life, in which caches, rings and pools fill up, is not judged. The rest is
told in thirds: what has grown has the last median beyond its limit over the first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import linear_regression, median

from benchmarks import process
from benchmarks.figures import Limit, Unit
from benchmarks.table import number

_HOUR_S = 3600.0
_MIB = 2.0**20
HELD: dict[str, tuple[Unit, Limit]] = {
    "PSS": (Unit.BYTES, Limit(factor=1.02, plus=_MIB)),
    "RSS": (Unit.BYTES, Limit(factor=1.02, plus=_MIB)),
    "descriptors": (Unit.COUNT, Limit(factor=1, plus=5)),
    "threads": (Unit.COUNT, Limit(factor=1, plus=1)),
    "tasks": (Unit.COUNT, Limit(factor=1, plus=3)),
    "children": (Unit.COUNT, Limit(factor=1, plus=1)),
}
"""What is looked at; the last third may be so much beyond the first."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the daemon holds at one moment, `at_s` after the beginning."""

    at_s: float
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Judged:
    """One figure over the life: medians of its thirds, and the slope of all of it."""

    what: str
    unit: Unit
    thirds: tuple[float, float, float]
    per_hour: float
    limit: Limit

    @property
    def is_flat(self) -> bool:
        """Whether it has stayed within its limit."""
        return self.limit.excess(self.thirds[2], self.thirds[0]) <= 0


def look(pid: int, at_s: float, *, tasks: float) -> Look:
    """What the kernel, and of tasks the daemon itself, tells now."""
    values = {
        "PSS": process.pss_bytes(pid),
        "RSS": process.rss_bytes(pid),
        "descriptors": process.descriptors(pid),
        "threads": process.threads(pid),
        "tasks": tasks,
        "children": float(len(process.children(pid))),
    }
    return Look(at_s, values)


def judged(looks: Sequence[Look], *, warm_share: float) -> list[Judged]:
    """Every figure, without the first `warm_share` of the life. Needs six looks or more."""
    kept = looks[int(len(looks) * warm_share) :]
    return [_judged(kept, what) for what in HELD]


def _judged(looks: Sequence[Look], what: str) -> Judged:
    unit, limit = HELD[what]
    values = [one.values[what] for one in looks]
    size = max(1, len(values) // 3)
    middle = values[size:-size] or values
    thirds = (median(values[:size]), median(middle), median(values[-size:]))
    slope = linear_regression([one.at_s for one in looks], values).slope
    return Judged(what, unit, thirds, slope * _HOUR_S, limit)


def as_text(rows: Sequence[Judged], looks: Sequence[Look], done: Counter[str]) -> str:
    """The table, and the life it stands for."""
    heading = ("", "start", "middle", "end", "slope per hour", "limit of the end", "")
    lines = [heading, *map(_cells, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heading))]
    table = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
    span_s = looks[-1].at_s - looks[0].at_s
    life = [f"  {count:>9,} {what}" for what, count in sorted(done.items())]
    return "\n".join([*table, "", f"in {span_s / 60:.1f} minutes, {len(looks)} looks:", *life])


def _cells(row: Judged) -> tuple[str, ...]:
    start, middle, end = (number(value, row.unit) for value in row.thirds)
    most = row.limit.factor * row.thirds[0] + row.limit.plus
    slope = f"{'-' if row.per_hour < 0 else '+'}{number(abs(row.per_hour), row.unit)}"
    verdict = "flat" if row.is_flat else "GROWS"
    return row.what, start, middle, end, slope, f"≤ {number(most, row.unit)}", verdict
