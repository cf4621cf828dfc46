"""What the daemon and its guard keep in memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.figures import Row, Section, Unit
from benchmarks.ground import running, temporary_home
from benchmarks.process import pss_bytes
from benchmarks.rounds import Effort

_LIBRARIES = "import aiohttp.web, pydantic, structlog, psutil, yaml, uvloop, httptools"
_COUNTS = (0, 100)


def measure(_effort: Effort) -> Section:
    """Once: memory does not change from round to round."""
    rows = [row for count in _COUNTS for row in _rows(count)]
    return Section(
        "memory",
        "proportional set size (PSS)",
        "a Python that imports the same libraries; one that imports nothing (-I -S)",
        tuple(rows),
        ("the forwarding engine runs inside the daemon",),
    )


def _rows(count: int) -> tuple[Row, Row]:
    with temporary_home() as home:
        codes = home.add_many(count)
        with running(home) as daemon:
            daemon.start(codes)
            with _waiting(_LIBRARIES) as large, _waiting("pass", "-I", "-S") as small:
                return (
                    _row(f"daemon, {count} providers", daemon.pid, large),
                    _row(f"guard, {count} providers", daemon.guard_pid, small),
                )


def _row(what: str, pid: int, neighbour: int) -> Row:
    return Row(what, Unit.BYTES, (pss_bytes(pid),), (pss_bytes(neighbour),))


@contextmanager
def _waiting(code: str, *flags: str) -> Iterator[int]:
    """The pid of a Python that has run `code` and waits."""
    text = f"{code}\nprint(flush=True)\ninput()"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, *flags, "-c", text], stdin=pipe, stdout=pipe) as popen:
        if popen.stdout is not None:
            popen.stdout.readline()
        yield popen.pid
        popen.kill()
