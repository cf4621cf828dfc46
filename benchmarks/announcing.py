"""From exec of `serve` to the line that says it listens: what an IDE waits for."""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks.figures import Limit, Row, Section, Unit
from benchmarks.ground import Home, end_serve, start_serve, temporary_home
from benchmarks.rounds import Effort, in_turns, seconds

_IMPORTS = "import aiohttp.web, pydantic, structlog, psutil, yaml"


def measure(effort: Effort) -> Section:
    """Each round starts a daemon on the same empty home."""
    with temporary_home() as home:
        ours, beside = in_turns(effort.rounds, lambda: _announced(home), _imported)
    row = Row("serve", Unit.SECONDS, ours, beside, Limit(factor=0.6))
    return Section("announce", "exec of serve to its announcement", f"-c '{_IMPORTS}'", (row,))


def _announced(home: Home) -> float:
    begun = time.perf_counter()
    popen = start_serve(home)
    try:
        if popen.stdout is None or not popen.stdout.readline():
            raise RuntimeError("serve ended before it announced itself")
        return time.perf_counter() - begun
    finally:
        end_serve(popen)


def _imported() -> float:
    return seconds(lambda: subprocess.run([sys.executable, "-c", _IMPORTS], check=True))
