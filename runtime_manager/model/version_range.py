"""Which versions somebody wants: `^1.2`, `~1.2.3`, `>=1.2 <2`, `1.x`. Pure.

The words are npm's, without `||` and hyphen ranges; several separated by blanks or commas must all
hold. Ours, as no kept library reads versions of one or two numbers (see `version`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from runtime_manager.model.version import Version, parse_version

_WORD = re.compile(r"(?P<operator>\^|~|>=|<=|>|<|=)?\s*(?P<version>[^\s,<>=^~]+)")
_LOOSE = re.compile(
    r"v?(?P<numbers>(?:\d+|[xX*])(?:\.(?:\d+|[xX*])){0,2})(?P<pre>-[0-9A-Za-z.-]+)?", re.ASCII
)
_EXPECTED = "expected a range such as ^1.2, ~1.2.3, >=1.2 <2, 1.x or 1.2.3"
_LONGEST = 200

Numbers = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a range; `is_closed`: the version itself is still in it."""

    version: Version
    is_closed: bool


@dataclass(frozen=True, slots=True)
class _Span:
    """All from `low` up to `high`; None is open."""

    low: Bound | None = None
    high: Bound | None = None


@dataclass(frozen=True, slots=True)
class VersionRange:
    """A range as it was written. The empty text is any release."""

    text: str
    _spans: tuple[_Span, ...] = ()

    def allows(self, version: Version) -> bool:
        """Whether `version` is in it.

        A prerelease only where the range names one of the same three numbers, as npm has it: who
        asks for ^1.2 does not want 2.0.0-beta, nor 1.3.0-beta.
        """
        if not all(_holds(span, version) for span in self._spans):
            return False
        return not version.is_prerelease or version.numbers in self._named_prereleases()

    def _named_prereleases(self) -> set[Numbers]:
        bounds = [bound for span in self._spans for bound in (span.low, span.high) if bound]
        return {b.version.numbers for b in bounds if b.version.is_prerelease and b.version.text}

    def __str__(self) -> str:
        return self.text or "*"


ANY = VersionRange("")


def parse_range(text: str) -> VersionRange:
    """The range in `text`. Raises ValueError where it is none."""
    text = text.strip()
    if len(text) > _LONGEST or "||" in text:
        raise ValueError(f"`{text[:40]}` is no range; {_EXPECTED}; `||` is not known here")
    words = list(_WORD.finditer(text))
    between = _WORD.sub("", text).replace(",", "").strip()
    if between:
        raise ValueError(f"`{text}` is no range; {_EXPECTED}")
    spans = (_span(word["operator"] or "", word["version"], text) for word in words)
    return VersionRange(text, tuple(span for span in spans if span != _Span()))


def _span(operator: str, written: str, text: str) -> _Span:
    match = _LOOSE.fullmatch(written.partition("+")[0])
    if match is None:
        raise ValueError(f"`{text}` is no range; {_EXPECTED}")
    parts = match["numbers"].split(".")
    known = [int(part) for part in _until_wildcard(parts)]
    if match["pre"] and len(known) < len(parts):
        raise ValueError(f"`{text}` is no range: a prerelease of x is none")
    return _spans_of(operator, known, match["pre"] or "")


def _until_wildcard(parts: list[str]) -> list[str]:
    wild = next((n for n, part in enumerate(parts) if not part.isdecimal()), len(parts))
    return parts[:wild]


def _spans_of(operator: str, known: list[int], pre: str) -> _Span:
    """The span of one word; `known` are the numbers before the first x, none for `*`."""
    if not known:
        # `<*` is nothing at all, as with npm; the others are everything.
        nothing = _Span(high=Bound(_version((0, 0, 0), "-0"), is_closed=False))
        return nothing if operator in {"<", ">"} else _Span()
    low = Bound(_version(_filled(known), pre), is_closed=True)
    above = Bound(_ceiling(_next(known)), is_closed=False)
    is_exact = len(known) == 3
    match operator:
        case "^":
            return _Span(low, Bound(_ceiling(_next(known[: _caret(known)])), is_closed=False))
        case "~":
            return _Span(low, Bound(_ceiling(_next(known[:2])), is_closed=False))
        case ">=":
            return _Span(low=low)
        case ">":
            lowest = Bound(low.version, is_closed=False)
            return _Span(low=lowest if is_exact else Bound(above.version, is_closed=True))
        case "<":
            highest = low.version if pre else _ceiling(_filled(known))
            return _Span(high=Bound(highest, is_closed=False))
        case "<=":
            return _Span(high=Bound(low.version, is_closed=True) if is_exact else above)
        case _:
            return _Span(low, low if is_exact else above)


def _caret(known: list[int]) -> int:
    """How many numbers stay: up to the first that is not 0 (npm's node-semver, caret ranges)."""
    leading = next((n for n, number in enumerate(known) if number), len(known) - 1)
    return leading + 1


def _holds(span: _Span, version: Version) -> bool:
    if span.low and (version < span.low.version or _is_open_end(span.low, version)):
        return False
    return not (span.high and (version > span.high.version or _is_open_end(span.high, version)))


def _is_open_end(bound: Bound, version: Version) -> bool:
    return not bound.is_closed and version == bound.version


def _filled(known: list[int]) -> Numbers:
    first, second, third, *_ = [*known, 0, 0]
    return first, second, third


def _next(known: list[int]) -> Numbers:
    return _filled([*known[:-1], known[-1] + 1])


def _version(numbers: Numbers, pre: str = "") -> Version:
    return parse_version(".".join(map(str, numbers)) + pre)


def _ceiling(numbers: Numbers) -> Version:
    """The lowest version of these numbers, before every prerelease; it has no text of its own."""
    return Version("", numbers, ((-1, 0, ""),))
