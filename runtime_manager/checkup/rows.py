"""One line of a checkup: what was looked at, how it is, and what to do about it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much it matters."""

    OK = "ok"
    NOTE = "note"
    """Worth knowing; nothing to do."""
    WARN = "warn"
    """It works, and will not for long, or not for all."""
    BAD = "bad"
    """Something does not work."""


@dataclass(frozen=True, slots=True)
class Row:
    """`name` is a fixed word, for programs too; `hint` is what to do."""

    name: str
    level: Level
    text: str
    hint: str = ""


def ok(name: str, text: str) -> Row:
    """All is well with it."""
    return Row(name, Level.OK, text)


def note(name: str, text: str) -> Row:
    """Worth knowing."""
    return Row(name, Level.NOTE, text)


def warn(name: str, text: str, hint: str) -> Row:
    """It will not last, or not do for all."""
    return Row(name, Level.WARN, text, hint)


def bad(name: str, text: str, hint: str) -> Row:
    """It does not work."""
    return Row(name, Level.BAD, text, hint)


def counted(count: int, noun: str) -> str:
    """`1 process`, `2 processes`."""
    plural = noun + ("es" if noun.endswith("s") else "s")
    return f"{count} {noun if count == 1 else plural}"
