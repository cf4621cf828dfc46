"""What a daemon costs that has nothing to do but to probe."""

from __future__ import annotations

import time

from benchmarks.figures import Limit, Row, Section, Unit
from benchmarks.ground import running, temporary_home
from benchmarks.process import cpu_s
from benchmarks.rounds import Effort

_PROVIDERS = 100
_CALM_S = 2.0


def measure(effort: Effort) -> Section:
    """100 providers that are ready, each asked every second."""
    with temporary_home() as home:
        codes = home.add_many(_PROVIDERS)
        with running(home) as daemon:
            daemon.start(codes)
            time.sleep(_CALM_S)
            daemon_share = _share(daemon.pid, effort.idle_s)
            guard_share = _share(daemon.guard_pid, min(effort.idle_s, 5.0))
    rows = (
        Row("daemon", Unit.PERCENT, (daemon_share,), limit=Limit(plus=2.0)),
        Row("guard", Unit.PERCENT, (guard_share,)),
    )
    title = f"share of a core, {_PROVIDERS} providers probed every second, {effort.idle_s:g} s"
    return Section("idle", title, "", rows)


def _share(pid: int, looked_s: float) -> float:
    """Percent of a core over so many seconds."""
    begun, used_s = time.perf_counter(), cpu_s(pid)
    time.sleep(looked_s)
    return 100 * (cpu_s(pid) - used_s) / (time.perf_counter() - begun)
