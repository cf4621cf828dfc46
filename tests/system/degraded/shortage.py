"""Something the daemon itself lacks for a while, and what must be told of it."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.system.child import ANSWER_S, Daemon, HomeFolder, Watch
from tests.system.faults.fault import cast

BYSTANDERS = ("good-1", "good-2")
VICTIM = "victim"
PROBE_TIMEOUT_S = 1.5
_HEALTH = {
    "interval": 0.1,
    "timeout": PROBE_TIMEOUT_S,
    "failure_threshold": 1,
    "unhealthy_timeout": 60,
}
"""One failure that is held against it shows."""
_LOOK_S = 0.05
_TELLING = ("to", "cause", "kind", "message")
_NOT_FACTS = frozenset({"event", "level", "timestamp"})


class Place:
    """A daemon with providers that are well, its events, and its log, which is JSON."""

    def __init__(self, daemon: Daemon, watch: Watch, log: Path) -> None:
        self.daemon = daemon
        self.watch = watch
        self.log = log
        self._before = self._bystanders()

    @property
    def pid(self) -> int:
        """The daemon's."""
        return self.daemon.process.pid

    @property
    def home(self) -> HomeFolder:
        """Where it is."""
        return self.daemon.home

    def logged(self, event: str, *, ago: int = 0) -> dict[str, Any]:
        """The facts of the first line of that event beyond `ago` lines, once it is there."""
        until = time.monotonic() + ANSWER_S
        while time.monotonic() < until:
            for facts in self.lines()[ago:]:
                if facts["event"] == event:
                    return facts
            time.sleep(_LOOK_S)  # a file tells nobody that it grows
        raise AssertionError(f"the log has no {event}")

    def lines(self) -> list[dict[str, Any]]:
        """All whole lines of the log so far."""
        text = self.log.read_text() if self.log.exists() else ""
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def log_line(self, event: str, *, ago: int = 0) -> str:
        """The same as a person reads it, cast."""
        facts = self.logged(event, ago=ago)
        told = [f"{name}={value}" for name, value in facts.items() if name not in _NOT_FACTS]
        return self.cast(" ".join([f"log: {facts['level']} {event}", *told]))

    def event(self, name: str, code: str | None = None) -> str:
        """The next event of that name, cast."""
        return self.events((code, name))[0]

    def events(self, *wanted: tuple[str | None, ...]) -> tuple[str, ...]:
        """The first of each wanted by code, name and a word of its data, as wanted, cast."""
        found: dict[tuple[str | None, ...], str] = {}
        while len(found) < len(wanted):
            event = self.watch.next()
            for one in wanted:
                data = (str(event["data"].get(key)) for key in _TELLING)
                said = (event["code"], event["name"], *data)
                if one not in found and set(one) <= set(said):
                    found[one] = self._words(event)
        return tuple(found[one] for one in wanted)

    def _words(self, event: dict[str, Any]) -> str:
        data = event["data"]
        told = [f"{key}={data[key]}" for key in _TELLING if data.get(key) is not None]
        return self.cast(" ".join([f"event: {event['name']}", *told]))

    def rtm(self, *words: str) -> str:
        """What a command says."""
        ended = self.daemon.rtm(*words)
        return self.cast((ended.stdout + ended.stderr).strip())

    def cast(self, text: str) -> str:
        """With what differs from run to run replaced."""
        return cast(text, self.home)

    def effect(self) -> str:
        """What became of those that are well: `none`, or which changed and how."""
        now = self._bystanders()
        changed = [f"{code}: {self._before[code]} -> {now[code]}" for code in now]
        return "none" if now == self._before else "; ".join(changed)

    def _bystanders(self) -> dict[str, tuple[object, ...]]:
        """Of each: since when it is in which state, its generation, and who answers a request."""
        found = {}
        for code in BYSTANDERS:
            provider = self.daemon.provider(code)
            answer = self.daemon.ask(f"/api/v1/{code}/pid")
            by = answer.json["pid"] if answer.status == 200 else answer.status
            seen = tuple(provider[key] for key in ("state", "since", "generation", "pid"))
            found[code] = (*seen, by)
        return found


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run of one showed: what was told while it lasted and when it was over."""

    told: tuple[str, ...]
    over: tuple[str, ...]
    effect: str = "none"


@dataclass(frozen=True, slots=True)
class Shortage:
    """One row of the table.

    `run` brings it about, and lifts it, in a place that `furnish` and `start` have made; `needs`
    are programs (and `root`) without which it cannot be shown. `goes_on` says what does meanwhile.
    """

    title: str
    how: str
    expected: Outcome
    goes_on: str
    run: Callable[[Place], Outcome]
    needs: tuple[str, ...] = ()
    furnish: Callable[[HomeFolder], AbstractContextManager[None]] = field(
        default=lambda home: _furnished(home)
    )
    under: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict, hash=False)

    def __hash__(self) -> int:
        return hash(self.title)


@contextmanager
def _furnished(home: HomeFolder) -> Iterator[None]:
    add_providers(home)
    yield


def add_providers(home: HomeFolder) -> None:
    """Those that stay well, and one that is started anew."""
    (home.root / "config.yaml").write_text("log: {format: json}\n")
    for code in BYSTANDERS:
        home.add(code, health=_HEALTH)
    home.add(VICTIM, restart={"delay": 0.2, "max_delay": 1, "max": 3})


@contextmanager
def injected(pid: int, *words: str) -> Iterator[None]:
    """System calls of a process fail as strace(1) is told, until the block is left."""
    tracer = subprocess.Popen(
        ["strace", "-f", "-o", os.devnull, "-p", str(pid), *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + ANSWER_S
        while f"TracerPid:\t{tracer.pid}\n" not in Path(f"/proc/{pid}/status").read_text():
            assert tracer.poll() is None, "strace could not attach"
            assert time.monotonic() < until
            time.sleep(_LOOK_S)
        yield
    finally:
        tracer.terminate()
        tracer.wait(ANSWER_S)
