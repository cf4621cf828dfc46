"""From a crash to the event that tells of it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable

from benchmarks.figures import Limit, Row, Section, Unit
from benchmarks.ground import FAST, Daemon, running, temporary_home
from benchmarks.rounds import Effort, in_turns

_CODE = "victim"
_CALM = {"delay": "10m", "max_delay": "10m", "max": 1000}
"""The next start is asked for, and never comes by itself."""


def measure(effort: Effort) -> Section:
    """From kill(2) to the line of the event stream, read by a client on the API's socket."""
    with temporary_home() as home:
        home.add(_CODE, restart=_CALM)
        with running(home) as daemon:
            ours, beside = in_turns(3 * effort.rounds, lambda: _crashed(daemon), _reaped)
    row = Row("SIGKILL to BACKOFF", Unit.SECONDS, ours, beside, Limit(plus=0.005))
    beside_text = "SIGKILL to waitpid of a parent that does nothing else"
    return Section("crash", "a provider's process is killed", beside_text, (row,))


def _crashed(daemon: Daemon) -> float:
    pid = int(daemon.ask("start", _CODE)["pid"])
    with daemon.events() as events:

        def told() -> None:
            while True:
                _, event = next(events)
                if event["data"].get("to") == "backoff":
                    return

        return _seconds_after_kill(pid, told)


def _reaped() -> float:
    popen = subprocess.Popen([*FAST, "0"])
    time.sleep(0.05)  # it is in its loop, as the other one is
    return _seconds_after_kill(popen.pid, popen.wait)


def _seconds_after_kill(pid: int, wait: Callable[[], object]) -> float:
    begun = time.perf_counter()
    os.kill(pid, signal.SIGKILL)
    wait()
    return time.perf_counter() - begun
