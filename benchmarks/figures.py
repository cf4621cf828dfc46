"""Figures of one run: medians over rounds, what stands beside them, and targets. Pure.

What ours and what stands beside it are measured in turns, so the n-th of each belong together: a
ratio is taken within a round, where the machine was in the same mood for both.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from statistics import median


class Unit(StrEnum):
    """What a row's numbers are; bytes and seconds are told in multiples that read well."""

    SECONDS = "s"
    BYTES = "B"
    PERCENT = "%"
    COUNT = ""
    PER_SECOND = "/s"


@dataclass(frozen=True, slots=True)
class Limit:
    """A target: at most `factor` times what stands beside, plus `plus` in the row's unit."""

    factor: float = 0.0
    plus: float = 0.0

    def excess(self, ours: float, beside: float) -> float:
        """How far `ours` is beyond; zero or less keeps the target."""
        return ours - (self.factor * beside + self.plus)


@dataclass(frozen=True, slots=True)
class Row:
    """One measured thing: a value per round, and, where there is one, its neighbour's."""

    what: str
    unit: Unit
    ours: tuple[float, ...]
    beside: tuple[float, ...] = ()
    limit: Limit | None = None

    @property
    def ours_median(self) -> float:
        """The middle of our rounds."""
        return median(self.ours)

    @property
    def beside_median(self) -> float | None:
        """The middle of what stands beside; None where nothing does."""
        return median(self.beside) if self.beside else None

    @property
    def ratio(self) -> float | None:
        """The middle of the ratios within each round; None where nothing stands beside."""
        if not self.beside or not all(self.beside):
            return None
        return median(ours / beside for ours, beside in self._rounds())

    @property
    def is_met(self) -> bool | None:
        """Whether the target is kept in the middle of the rounds; None without a target."""
        if self.limit is None:
            return None
        return median(self.limit.excess(ours, beside) for ours, beside in self._rounds()) <= 0

    def _rounds(self) -> list[tuple[float, float]]:
        return list(zip(self.ours, self.beside or (0.0,) * len(self.ours), strict=True))


@dataclass(frozen=True, slots=True)
class Section:
    """The rows of one measurement; `beside` names the neighbour, `notes` say what rows cannot."""

    name: str
    title: str
    beside: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
