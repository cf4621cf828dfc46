"""A fault that a provider or its package can have, and what must be told of it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from tests.system.child import Daemon, HomeFolder, Watch, tells_of

BYSTANDERS = ("good-1", "good-2", "good-3")
SLACK_S = 5.0
"""What a busy machine may add to a limit."""

CASTS: tuple[tuple[str, str], ...] = (
    (re.escape(sys.executable), "PYTHON"),
    (r"by \S+ \(pid", "by NAME (pid"),
    (r"\bpid \d+", "pid N"),
    (r"\bprocess \d+ is", "process N is"),
    (r"-CONT \d+", "-CONT N"),
    (r"\bport [1-9]\d+", "port N"),
    (r"((?:\d+\.){3}\d+):\d+", r"\1:N"),
    (r"^\d+ lines", "N lines"),
)
"""What differs from run to run, and what stands for it."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a person is told: in which state, the kind of the cause, the words, and what to do."""

    state: str
    kind: str
    message: str
    hint: str = ""


class Stage:
    """A daemon with providers that are well, and what can be asked of it."""

    def __init__(self, daemon: Daemon, watch: Watch) -> None:
        self.daemon = daemon
        self.watch = watch
        self._before = self._bystanders()
        assert all(state == "ready" for state, *_ in self._before.values()), self._before

    def effect(self) -> str:
        """What became of those that are well: `none`, or which changed and how."""
        now = self._bystanders()
        changed = [f"{code}: {self._before[code]} -> {now[code]}" for code in now]
        return "none" if now == self._before else "; ".join(changed)

    def port(self, code: str) -> int:
        """The port that a provider was told."""
        return int(self.daemon.provider(code)["endpoint"].rpartition(":")[2])

    def _bystanders(self) -> dict[str, tuple[object, ...]]:
        """Of each: its state, pid and generation, and which process answers a request."""
        found = {}
        for code in BYSTANDERS:
            provider = self.daemon.provider(code)
            answer = self.daemon.ask(f"/api/v1/{code}/pid")
            by = answer.json["pid"] if answer.status == 200 else answer.status
            found[code] = (provider["state"], provider["pid"], provider["generation"], by)
        return found


_NOTHING = {"kind": "", "message": ""}


def of_cause(provider: Mapping[str, Any]) -> Told:
    """The cause of the state."""
    return Told(provider["state"], **(provider["cause"] or _NOTHING))


def of_warning(provider: Mapping[str, Any]) -> Told:
    """The first warning."""
    return Told(provider["state"], **next(iter(provider["warnings"]), _NOTHING))


def of_exit(provider: Mapping[str, Any]) -> Told:
    """How it ended last, and what it left."""
    last = provider["exits"][-1]
    told = f"{last['status']}; processes it left, which were killed: {last['left']}"
    return Told(provider["state"], "exit", told)


@contextmanager
def nothing_done(_stage: Stage) -> Iterator[None]:
    """What makes the fault show, where a start is enough."""
    yield


@dataclass(frozen=True, slots=True)
class Fault:
    """One row of the table.

    `furnish` puts the provider `code` into a home. `told` is in cast words (CASTS), HOME standing
    for the home. `limit` says in words which limit `limit_s` is. `act` is entered once the provider
    was asked to start, and left when it has been told; it gives the time to count from, if that is
    not the start's. `comes` are the events to wait for, by name and something they say; the first
    of them tells it.
    """

    title: str
    code: str
    furnish: Callable[[HomeFolder], None]
    told: Told
    limit: str
    limit_s: float
    act: Callable[[Stage], Any] = nothing_done
    comes: tuple[tuple[str, object], ...] = (("provider.state", "failed"),)
    read: Callable[[Mapping[str, Any]], Told] = of_cause
    after: Callable[[Stage], None] = field(default=lambda _stage: None)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run of one fault showed."""

    told: Told
    seconds: float
    effect: str


def cast(text: str, home: HomeFolder) -> str:
    """The text with what differs from run to run replaced."""
    text = text.replace(str(home.root), "HOME")
    for pattern, stand_in in CASTS:
        text = re.sub(pattern, stand_in, text)
    return text


def status(daemon: Daemon, code: str) -> dict[str, Any]:
    """What `rtm status CODE --format json` says."""
    said = daemon.rtm("status", code, "--format", "json")
    assert said.stdout, said.stderr
    return dict(json.loads(said.stdout))


def observed(fault: Fault, stage: Stage, seconds: float) -> Outcome:
    """What is told of it now, and of the others."""
    home = stage.daemon.home
    told = fault.read(status(stage.daemon, fault.code))
    told = replace(told, message=cast(told.message, home), hint=cast(told.hint, home))
    return Outcome(told, seconds, effect=stage.effect())


def provoke(fault: Fault, stage: Stage) -> Outcome:
    """Start it, do what makes its fault show, wait until it is told, and stop it."""
    daemon = stage.daemon
    began = datetime.now(UTC)
    assert daemon.do("start", fault.code, wait="0s").status != 409, daemon.provider(fault.code)
    with fault.act(stage) as acted:
        seen = stage.watch.until_told(fault.code, *fault.comes)
        seconds = (_told_at(fault, seen) - (acted or began)).total_seconds()
        outcome = observed(fault, stage, max(0.0, seconds))
        fault.after(stage)
    daemon.do("stop", fault.code)
    return outcome


def _told_at(fault: Fault, seen: list[dict[str, Any]]) -> datetime:
    """When its words were told first: a state may keep the cause of the one before."""
    mine = [event for event in seen if event["code"] == fault.code]
    tells = next(event for event in mine if tells_of(event, *fault.comes[0]))
    first = next(event for event in mine if _words(event) == _words(tells))
    return datetime.fromisoformat(first["at"])


def _words(event: dict[str, Any]) -> object:
    data = event["data"]
    return data.get("cause") or data.get("message") or data.get("status")
