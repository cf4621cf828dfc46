"""What a provider promises, and what was found out about each promise. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What became of a promise."""

    KEPT = "kept"
    BROKEN = "broken"
    NOT_APPLICABLE = "not-applicable"
    """The package does not make it."""
    NOT_TRIED = "not-tried"
    """An earlier one is broken, and this one needs it."""


class Promise(StrEnum):
    """Every promise, in the order in which they are tried; the names are for programs."""

    MANIFEST = "manifest"
    PROGRAM = "program"
    ELEMENT_FILE = "element-file"
    WAKES = "wakes"
    READY = "ready"
    HEALTH = "health"
    BY_PATH = "by-path"
    LINKS = "links"
    BY_NAME = "by-name"
    SPEC = "spec"
    ELEMENT = "element"
    LISTENS = "listens"
    RESTARTS = "restarts"
    ENDS = "ends"
    LEAVES_NOTHING = "leaves-nothing"
    STARTS_AGAIN = "starts-again"

    @property
    def words(self) -> str:
        """The promise in words, for people."""
        return _TITLES[self]


_TITLES = {
    Promise.MANIFEST: "its manifest is valid",
    Promise.PROGRAM: "its program is there and can be executed",
    Promise.ELEMENT_FILE: "the file of its element is in the package",
    Promise.WAKES: "the first request starts it",
    Promise.READY: "it is ready in time",
    Promise.HEALTH: "it answers its health path",
    Promise.BY_PATH: "it answers under its prefix",
    Promise.LINKS: "links of its first page stay under the prefix",
    Promise.BY_NAME: "it answers under its name",
    Promise.SPEC: "its API description is OpenAPI",
    Promise.ELEMENT: "the script of its element is served",
    Promise.LISTENS: "it listens where it was told, and only there",
    Promise.RESTARTS: "it survives a restart",
    Promise.ENDS: "it ends in time when it is asked to",
    Promise.LEAVES_NOTHING: "it leaves no process behind",
    Promise.STARTS_AGAIN: "it starts again on the data it left",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One promise and what became of it; `reason` is a figure or a cause, `hint` what to do."""

    promise: Promise
    verdict: Verdict
    reason: str = ""
    hint: str = ""


def kept(promise: Promise, reason: str = "") -> Finding:
    """The promise is kept."""
    return Finding(promise, Verdict.KEPT, reason)


def broken(promise: Promise, reason: str, *, hint: str = "") -> Finding:
    """The promise is broken."""
    return Finding(promise, Verdict.BROKEN, reason, hint)


def not_applicable(promise: Promise, reason: str) -> Finding:
    """The package does not make the promise."""
    return Finding(promise, Verdict.NOT_APPLICABLE, reason)


def not_tried(promise: Promise, reason: str) -> Finding:
    """The promise could not be tried."""
    return Finding(promise, Verdict.NOT_TRIED, reason)
