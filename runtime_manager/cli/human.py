"""Quantities as people write and read them. Pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime

# The manifest's durations too; written again here because the model's module imports pydantic,
# which takes ten times as long as a whole call of `rtm`.
_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def parse_seconds(text: str) -> float:
    """Read `500ms`, `5s`, `10m`, `2h`, `1d` or a bare number of seconds.

    Raises ValueError, also for a negative or an infinite one.
    """
    text = text.strip()
    number = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = text[len(number) :] or "s"
    if unit not in _UNITS_S or not number.replace(".", "", 1).isdecimal():
        raise ValueError(f"{text!r} is not a duration such as 500ms, 30s or 10m")
    return float(number) * _UNITS_S[unit]


def age(seconds: float) -> str:
    """The largest whole unit: 3s, 4m, 2h, 3d."""
    for unit in ("d", "h", "m"):
        if seconds >= _UNITS_S[unit]:
            return f"{int(seconds // _UNITS_S[unit])}{unit}"
    return f"{max(0, int(seconds))}s"


def age_of(at: object, *, now: datetime) -> str:
    """The age of an ISO 8601 time, or of POSIX seconds; empty when it is neither."""
    try:
        if isinstance(at, int | float):
            return age(now.timestamp() - at)
        return age((now - now.fromisoformat(str(at))).total_seconds())
    except (ValueError, TypeError):
        return ""


def size(count_bytes: float) -> str:
    """Bytes with a binary unit: 512 B, 1.5 KiB, 33.1 MiB."""
    unit = "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if count_bytes < 1024:
            break
        count_bytes, unit = count_bytes / 1024, larger
    return f"{count_bytes:.0f} B" if unit == "B" else f"{count_bytes:.1f} {unit}"


def printable(text: object) -> str:
    """One line that cannot move the cursor: white space folded, control characters shown as ?."""
    line = " ".join(str(text).split())
    return line if line.isprintable() else "".join(c if c.isprintable() else "?" for c in line)
