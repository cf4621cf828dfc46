"""How measurements are taken: in turns, each by the clock that never goes back."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

Measure = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is done: rounds of each comparison, seconds to look at an idle daemon, and so on."""

    rounds: int = 7
    idle_s: float = 20.0
    load_s: float = 5.0
    cycles: int = 1000
    manifests: int = 1000


QUICK = Effort(rounds=3, idle_s=5.0, load_s=2.0, cycles=100, manifests=200)
"""Enough to see that everything works; the figures are rough."""


def in_turns(rounds: int, *measures: Measure) -> list[tuple[float, ...]]:
    """The values of each measure, taken A B A B …; one round before them is thrown away."""
    taken = [tuple(measure() for measure in measures) for _ in range(rounds + 1)][1:]
    return list(zip(*taken, strict=True))


def seconds(act: Callable[[], object]) -> float:
    """How long `act` takes."""
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun
