"""Versions of packages and their order. Pure.

Manifests may say `1`, `1.2` or `v1.2.3`, which libraries for SemVer refuse and those for PEP 440
order otherwise; what is left to do is the rule below, so it is done here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import total_ordering

_WRITTEN = re.compile(
    r"v?(?P<numbers>\d+(?:\.\d+){0,2})(?:-(?P<pre>[0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?", re.ASCII
)

Identifier = tuple[int, int, str]
"""One part of a prerelease: (0, number, "") or (1, 0, text), so that tuples sort as SemVer says."""


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """A version as it was written, and what it counts as: missing numbers are 0.

    Versions that differ in spelling or build metadata alone are equal (SemVer 2.0.0, 10 and 11).
    """

    text: str
    numbers: tuple[int, int, int]
    pre: tuple[Identifier, ...] = ()

    @property
    def is_prerelease(self) -> bool:
        """Whether it comes before the release of its numbers, as 1.0.0-beta does."""
        return bool(self.pre)

    @property
    def precedence(self) -> tuple[tuple[int, int, int], bool, tuple[Identifier, ...]]:
        """What is compared: numbers, release after prerelease, identifiers (SemVer 2.0.0, 11)."""
        return self.numbers, not self.pre, self.pre

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self.precedence == other.precedence

    def __lt__(self, other: Version) -> bool:
        return self.precedence < other.precedence

    def __hash__(self) -> int:
        return hash(self.precedence)

    def __str__(self) -> str:
        return self.text


def parse_version(text: str) -> Version:
    """The version in `text`: one to three numbers. Raises ValueError for anything else."""
    match = _WRITTEN.fullmatch(text)
    if match is None:
        raise ValueError(f"`{text}` is no version; expected one such as 1.2.3 or 1.2.3-beta.1")
    first, second, third, *_ = [*map(int, match["numbers"].split(".")), 0, 0]
    parts = match["pre"].split(".") if match["pre"] else ()
    return Version(text, (first, second, third), tuple(map(_identifier, parts)))


def _identifier(text: str) -> Identifier:
    """Numbers by value and before texts, texts by their ASCII order."""
    return (0, int(text), "") if text.isdecimal() else (1, 0, text)
