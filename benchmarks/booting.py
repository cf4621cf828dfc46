"""From spawn to routed where the daemon starts its providers itself, when it comes up."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from benchmarks.figures import Limit, Row, Section, Unit
from benchmarks.ground import Home, running, temporary_home
from benchmarks.rounds import Effort, in_turns
from benchmarks.starting import start_bare

_COUNTS = (20, 100)
_LIMIT = Limit(factor=1.1, plus=0.050)
_PATIENCE_S = 60.0
_LOOK_S = 0.1


def measure(effort: Effort) -> Section:
    """A daemon of its own for each round; its log says when it began and when it had done."""
    return Section(
        "boot",
        "providers with `start: auto`, from the first spawn to the last READY, by the log's times",
        "the same programs by Popen, until each answers /health",
        tuple(_row(count, effort) for count in _COUNTS),
    )


def _row(count: int, effort: Effort) -> Row:
    with temporary_home() as home:
        home.add_many(count, start="auto")
        ours, bare = in_turns(
            effort.rounds, lambda: _booted(home, count), lambda: start_bare(count)
        )
    return Row(f"{count} providers", Unit.SECONDS, ours, bare, _LIMIT)


def _booted(home: Home, count: int) -> float:
    home.log.unlink(missing_ok=True)
    with running(home):
        give_up = time.monotonic() + _PATIENCE_S
        while len(ready := list(_times(home.log, "to=ready"))) < count:
            if time.monotonic() > give_up:
                raise TimeoutError(f"{len(ready)} of {count} providers are ready")
            time.sleep(_LOOK_S)
        return max(ready) - min(_times(home.log, "to=starting"))


def _times(log: Path, change: str) -> Iterator[float]:
    """When each change of state was logged, in seconds."""
    for line in log.read_text().splitlines():
        if line.endswith(change):
            yield datetime.fromisoformat(line.split()[0]).timestamp()
