"""`rtm top`: one table, or one over another on a terminal."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import termios
from typing import TYPE_CHECKING

import pytest

from tests.component.cli.canned import BROKEN, COOL, CannedDaemon, Rtm

if TYPE_CHECKING:
    from runtime_manager.model.home import Home

USAGE = {"processes": 2, "rss_bytes": 34603008, "cpu_seconds": 0.52, "threads": 3}
BUSY = {**COOL, "usage": USAGE, "traffic": {"in_flight": 3, "requests": 70}}


@pytest.fixture
def busy(daemon: CannedDaemon) -> CannedDaemon:
    daemon.answer("GET", "/api/v1/providers", {"providers": [BUSY, BROKEN]})
    return daemon


def test_without_a_terminal_it_is_one_table(busy: CannedDaemon, rtm: Rtm) -> None:
    said = rtm("top")
    assert (said.code, said.err) == (0, "")
    heading, broken, cool = (line.split() for line in said.out.splitlines())
    assert heading[:4] == ["CODE", "STATE", "CPU", "%"]
    assert broken == ["broken", "failed", "-", "-", "-", "-", "-", "5", "2h"]
    assert cool == ["cool", "ready", "0", "33.0", "MiB", "2", "0", "3", "1", "2h"]


def test_the_order_can_go_by_a_figure(busy: CannedDaemon, rtm: Rtm) -> None:
    said = rtm("top", "--once", "--sort", "memory")
    assert [line.split()[0] for line in said.out.splitlines()] == ["CODE", "cool", "broken"]


def test_for_programs_it_is_figures(busy: CannedDaemon, rtm: Rtm) -> None:
    _, cool = rtm("top", "--format", "json").document["providers"]
    assert (cool["cpu_percent"], cool["rss_bytes"], cool["in_flight"]) == (0.0, 34603008, 3)


class Live:
    """A `top` on a terminal of its own."""

    def __init__(self, home: Home, environ: dict[str, str]) -> None:
        self.ours, self.theirs = pty.openpty()
        self.before = termios.tcgetattr(self.theirs)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "runtime_manager", "top", "--home", str(home.root)],
            stdin=self.theirs,
            stdout=self.theirs,
            stderr=subprocess.PIPE,
            env={**environ, "TERM": "xterm", "NO_COLOR": "1"},
        )
        self.said = b""

    def read_until(self, text: bytes, times: int = 1) -> None:
        while self.said.count(text) < times:
            self.said += os.read(self.ours, 65536)

    def end(self) -> tuple[int, bytes]:
        """Its exit code and errors; the terminal must be as it was."""
        _, error = self.process.communicate(timeout=30)
        assert termios.tcgetattr(self.theirs) == self.before
        self.read_until(b"\x1b[?1049l")
        os.close(self.ours)
        os.close(self.theirs)
        return self.process.returncode, error


def test_on_a_terminal_it_is_drawn_again_until_q(
    busy: CannedDaemon, home: Home, environ: dict[str, str]
) -> None:
    live = Live(home, environ)
    live.read_until(b"\x1b[H", times=2)
    live.read_until(b"33.0 MiB", times=2)
    assert b"\x1b[32m" not in live.said  # NO_COLOR
    os.write(live.ours, b"q")
    assert live.end() == (0, b"")


def test_ctrl_c_ends_it_well(busy: CannedDaemon, home: Home, environ: dict[str, str]) -> None:
    live = Live(home, environ)
    live.read_until(b"33.0 MiB")
    live.process.send_signal(signal.SIGINT)
    assert live.end() == (0, b"")


def test_a_daemon_that_goes_is_told_after_the_screen_is_given_back(
    busy: CannedDaemon, home: Home, environ: dict[str, str]
) -> None:
    live = Live(home, environ)
    live.read_until(b"33.0 MiB")
    busy.server_close()
    code, error = live.end()
    assert code == 3
    assert b"no daemon at" in error
