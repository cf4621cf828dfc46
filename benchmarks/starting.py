"""From spawn to routed: many providers at once, beside the same programs started bare."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack

from benchmarks.figures import Limit, Row, Section, Unit
from benchmarks.ground import FAST, Daemon, running, temporary_home
from benchmarks.rounds import Effort, in_turns

_COUNTS = (1, 20, 100)
_LIMIT = Limit(factor=1.1, plus=0.050)
_PATIENCE_S = 60.0
_PAUSE_S = 0.001


def measure(effort: Effort) -> Section:
    """Ours: from the first of N calls of the API until the event stream has told of N routes."""
    with temporary_home() as home:
        codes = home.add_many(max(_COUNTS))
        with running(home) as daemon:
            rows = tuple(_row(daemon, codes[:count], effort) for count in _COUNTS)
    return Section(
        "start",
        "manual providers of a running daemon, from the first API call to the last route open",
        "the same programs by Popen, until each answers /health",
        rows,
    )


def _row(daemon: Daemon, codes: Sequence[str], effort: Effort) -> Row:
    def ours() -> float:
        taken = daemon.start(codes)
        daemon.stop(codes)
        return taken

    us, bare = in_turns(effort.rounds, ours, lambda: start_bare(len(codes)))
    plural = "s" if len(codes) > 1 else ""
    return Row(f"{len(codes)} provider{plural}", Unit.SECONDS, us, bare, _LIMIT)


def start_bare(count: int) -> float:
    """Seconds until `count` programs, started together by us, have answered."""
    with ExitStack() as stack:
        ports = [_held_port(stack) for _ in range(count)]
        begun = time.perf_counter()
        for port in ports:
            stack.callback(_end, _popen(port))
        _until_all_answer(ports)
        return time.perf_counter() - begun


def _held_port(stack: ExitStack) -> int:
    """A free port; held, or the connections that ask for others would be given it."""
    sock = stack.enter_context(socket.socket())
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", 0))
    return int(sock.getsockname()[1])


def _popen(port: int) -> subprocess.Popen[bytes]:
    nothing = subprocess.DEVNULL
    return subprocess.Popen(
        [*FAST, str(port)],
        stdin=nothing,
        stdout=nothing,
        stderr=nothing,
        start_new_session=True,  # as ours: Linux shares processors out by session (sched(7))
    )


def _end(popen: subprocess.Popen[bytes]) -> None:
    popen.kill()
    popen.wait()


def _until_all_answer(ports: Sequence[int]) -> None:
    """Asks one after the other: the last one's answer is all that counts, and asking costs little.

    What has been asked in vain is asked again after a pause: those that start need the processor.
    """
    give_up = time.monotonic() + _PATIENCE_S
    for port in ports:
        while not _answers(port):
            if time.monotonic() > give_up:
                raise TimeoutError(f"a program does not answer on port {port}")
            time.sleep(_PAUSE_S)


def _answers(port: int) -> bool:
    try:
        with socket.socket() as connection:
            connection.connect(("127.0.0.1", port))
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return connection.recv(65536).startswith(b"HTTP/1.1 200")
    except OSError:
        return False
