"""What a request costs on its way through the gateway."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.figures import Row, Section, Unit
from benchmarks.ground import UPSTREAM, running, temporary_home
from benchmarks.process import cpu_s
from benchmarks.rounds import Effort

_CODE = "upstream"
_CONNECTIONS = 64
_TITLE = f"GET 1 KiB over {_CONNECTIONS} connections, by wrk"
_BESIDE = "the same upstream asked directly; CPU: its own"
_REQUESTS = re.compile(r"(\d+) requests in ")
_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
_REFUSED = re.compile(r"Non-2xx or 3xx responses: (\d+)|Socket errors: (.*)")


@dataclass(frozen=True, slots=True)
class Load:
    """One run of wrk; `cpu_s` is the server's processor time for one request."""

    cpu_s: float
    per_second: float


def measure(effort: Effort) -> Section:
    """wrk, the gateway and the upstream share the machine: compare within this run alone."""
    wrk = shutil.which("wrk")
    if wrk is None:
        note = "not measured: wrk is not installed (Debian's package wrk)"
        return Section("gateway", _TITLE, _BESIDE, (), (note,))
    with temporary_home() as home:
        home.add(_CODE, UPSTREAM)
        with running(home) as daemon:
            provider = daemon.ask("start", _CODE)
            through = f"{daemon.announced['url']}/api/v1/{_CODE}/1k"
            direct = f"http://{provider['endpoint']}/1k"
            pairs = [
                (
                    _loaded(wrk, through, daemon.token(), pid=daemon.pid, load_s=effort.load_s),
                    _loaded(wrk, direct, "", pid=int(provider["pid"]), load_s=effort.load_s),
                )
                for _ in range(min(effort.rounds, 5))
            ]
    return Section("gateway", _TITLE, _BESIDE, _rows(pairs))


def _rows(pairs: Sequence[tuple[Load, Load]]) -> tuple[Row, Row]:
    ours, beside = zip(*pairs, strict=True)
    return (
        Row(
            "CPU per request",
            Unit.SECONDS,
            tuple(load.cpu_s for load in ours),
            tuple(load.cpu_s for load in beside),
        ),
        Row(
            "requests",
            Unit.PER_SECOND,
            tuple(load.per_second for load in ours),
            tuple(load.per_second for load in beside),
        ),
    )


def _loaded(wrk: str, url: str, token: str, *, pid: int, load_s: float) -> Load:
    used_s = cpu_s(pid)
    words = [wrk, "-t1", f"-c{_CONNECTIONS}", f"-d{load_s:g}s", "--timeout", "10s"]
    headers = ["-H", f"X-RTM-Token: {token}"] if token else []
    done = subprocess.run([*words, *headers, url], check=True, capture_output=True, text=True)
    requests, per_second = parse(done.stdout)
    return Load((cpu_s(pid) - used_s) / requests, per_second)


def parse(text: str) -> tuple[int, float]:
    """Requests and their rate. Raises ValueError where some failed: the rate means nothing."""
    requests, rate = _REQUESTS.search(text), _RATE.search(text)
    if requests is None or rate is None or _REFUSED.search(text):
        raise ValueError(f"wrk could not measure:\n{text}")
    return int(requests[1]), float(rate[1])
