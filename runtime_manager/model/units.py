"""Spans and sizes as people write them: `500ms`, `5s`, `10m`; `64KiB`, `512MiB`. Pure."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import PlainValidator, WithJsonSchema

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"": 1, "B": 1} | {
    prefix + unit: base**power
    for power, prefix in enumerate("KMGT", start=1)
    for unit, base in (("iB", 1024), ("B", 1000))
}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|d)?")
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([KMGT]iB|[KMGT]B|B)?")

LONGEST_S = 366 * 86400.0
"""A year: nothing here waits longer."""

LARGEST_BYTES = 2**62
"""More than any machine has; the kernel's limits are signed 64-bit numbers."""

_DURATION_WORDS = "a duration such as 500ms, 5s or 10m, or seconds as a number"
_SIZE_WORDS = "a size such as 64KiB or 512MiB, or bytes as a number"


def parse_duration(value: object) -> float:
    """Seconds, 0 to LONGEST_S. Raises ValueError for anything that is no such duration."""
    if isinstance(value, str) and (match := _DURATION.fullmatch(value.strip())):
        seconds = float(match[1]) * _SECONDS[match[2] or "s"]
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        seconds = float(value)
    else:
        raise ValueError(f"expected {_DURATION_WORDS}")
    if not 0 <= seconds <= LONGEST_S:  # NaN is not between them either
        raise ValueError(f"expected {_DURATION_WORDS}, from 0 to 366 days")
    return seconds


def parse_span(value: object) -> float:
    """Seconds, more than 0: an interval or a time-out. Raises ValueError as `parse_duration`."""
    seconds = parse_duration(value)
    if seconds == 0:
        raise ValueError(f"expected {_DURATION_WORDS}, more than 0")
    return seconds


def parse_size(value: object) -> int:
    """Bytes, 0 to LARGEST_BYTES. Raises ValueError for anything that is no such size."""
    if isinstance(value, str) and (match := _SIZE.fullmatch(value.strip())):
        number = float(match[1]) if "." in match[1] else int(match[1])  # no rounding of large ones
        size = int(number * _BYTES[match[2] or "B"])
    elif isinstance(value, int) and not isinstance(value, bool):
        size = value
    else:
        raise ValueError(f"expected {_SIZE_WORDS}")
    if not 0 <= size <= LARGEST_BYTES:
        raise ValueError(f"expected {_SIZE_WORDS}, from 0 to 4 EiB")
    return size


def size_text(size_bytes: int) -> str:
    """As a person would write it, such as `256 MiB`; parse_size gives it back, or nearly."""
    size, unit = float(size_bytes), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size:.4g} {unit}"


def _written(words: str, pattern: str) -> WithJsonSchema:
    return WithJsonSchema(
        {
            "anyOf": [{"type": "string", "pattern": pattern}, {"type": "number", "minimum": 0}],
            "examples": re.findall(r"[0-9]+[A-Za-z]+", words),
        }
    )


_DURATION_SCHEMA = _written(_DURATION_WORDS, rf"^\s*{_DURATION.pattern}\s*$")

Duration = Annotated[float, PlainValidator(parse_duration), _DURATION_SCHEMA]
"""Seconds; may be nothing."""

Span = Annotated[float, PlainValidator(parse_span), _DURATION_SCHEMA]
"""Seconds; more than nothing."""

Size = Annotated[
    int, PlainValidator(parse_size), _written(_SIZE_WORDS, rf"^\s*{_SIZE.pattern}\s*$")
]
"""Bytes."""
