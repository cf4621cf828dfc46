"""What a daemon costs that has nothing to do but to probe."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.figures import Limit, Row, Section, Unit
from benchmarks.ground import Daemon, running, temporary_home
from benchmarks.process import cpu_s
from benchmarks.rounds import Effort

_PROVIDERS = 100
_CALM_S = 2.0


def measure(effort: Effort) -> Section:
    """100 providers that are ready, each asked every second; all over the same seconds."""
    with temporary_home() as home:
        codes = home.add_many(_PROVIDERS)
        with running(home) as daemon:
            daemon.start(codes)
            with _asking(_ports(daemon)) as asker:
                time.sleep(_CALM_S)
                ours, guard, beside = _shares(
                    (daemon.pid, daemon.guard_pid, asker), looked_s=effort.idle_s
                )
    return Section(
        "idle",
        f"share of a core, {_PROVIDERS} providers probed every second, {effort.idle_s:g} s",
        "a loop that sends and receives the same on blocking sockets, and judges nothing",
        (
            Row("daemon", Unit.PERCENT, (ours,), (beside,), Limit(plus=2.0)),
            Row("guard", Unit.PERCENT, (guard,)),
        ),
    )


def _ports(daemon: Daemon) -> list[str]:
    providers = daemon.client.get("/api/v1/providers?usage=0")["providers"]
    return [provider["endpoint"].rpartition(":")[2] for provider in providers]


@contextmanager
def _asking(ports: Sequence[str]) -> Iterator[int]:
    """The pid of a program that asks those ports."""
    words = (sys.executable, str(Path(__file__).with_name("asking.py")), *ports)
    with subprocess.Popen(words, stdout=subprocess.PIPE) as popen:
        if popen.stdout is not None:
            popen.stdout.readline()
        try:
            yield popen.pid
        finally:
            popen.kill()


def _shares(pids: Sequence[int], *, looked_s: float) -> list[float]:
    """Percent of a core that each used over so many seconds."""
    begun, before = time.perf_counter(), [cpu_s(pid) for pid in pids]
    time.sleep(looked_s)
    after, took_s = [cpu_s(pid) for pid in pids], time.perf_counter() - begun
    return [100 * (now - then) / took_s for now, then in zip(after, before, strict=True)]
