"""`why`, `top` and `doctor` on a real daemon, and on what is left of one."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.system.child import Daemon, HomeFolder


def rows(daemon: Daemon) -> dict[str, dict[str, str]]:
    """What `doctor` says, by name."""
    told = json.loads(daemon.rtm("doctor", "--format", "json").stdout)
    return {row["name"]: row for row in told["rows"]}


def test_a_crash_is_told_with_its_exits_and_last_words(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    home.add("echo")
    home.add(
        "broken",
        binary="sh",
        args=["-c", "echo no such table >&2; exit 3"],
        restart={"delay": "10ms", "max": 2},
        depends_on=["echo"],
    )
    daemon = start_daemon()
    daemon.wait_for("broken", state="failed")
    said = daemon.rtm("why", "broken")
    told = " ".join(said.stdout.split())
    assert said.returncode == 1
    assert "why exit code 3 before it was ready" in told
    assert "(generation 2) exit code 3" in told
    assert "needs echo is ready" in told
    assert "stderr no such table" in told
    assert "rtm start broken tries again, once it is mended" in told


def test_what_a_stopped_one_left_behind_is_counted(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    home.add("parent", "--port", "{port}", "--setsid-child")
    daemon = start_daemon()
    daemon.wait_for("parent")
    daemon.do("stop", "parent")
    (exit_,) = daemon.provider("parent")["exits"]
    assert (exit_["generation"], exit_["left"]) == (1, 1)
    assert "1 of its processes had to be killed" in daemon.rtm("why", "parent").stdout


def test_top_tells_what_is_asked_and_used(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    home.add("echo")
    daemon = start_daemon()
    daemon.wait_for("echo")
    for _ in range(5):
        assert daemon.ask("/api/v1/echo/echo").status == 200
    assert daemon.provider("echo")["traffic"]["requests"] == 5
    daemon.do("restart", "echo")
    assert daemon.ask("/api/v1/echo/echo").status == 200
    assert daemon.provider("echo")["traffic"]["requests"] == 6
    (row,) = json.loads(daemon.rtm("top", "--format", "json").stdout)["providers"]
    assert row["rss_bytes"] > 0
    assert (row["requests_per_s"], row["in_flight"]) == (0.0, 0)
    assert 'rtm_provider_requests_total{code="echo"} 6' in daemon.ask("/metrics").text


def test_the_doctor_ends_what_a_daemon_left_that_was_killed_with_its_guard(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    home.add("echo")
    daemon = start_daemon()
    daemon.wait_for("echo")
    assert rows(daemon)["daemon"]["level"] == "ok"
    assert rows(daemon)["leftovers"]["level"] == "ok"
    below = psutil.Process(daemon.process.pid).children()
    (guard,) = [one for one in below if one.environ()["RTM_INSTANCE"].startswith("guard-of/")]
    os.kill(daemon.process.pid, signal.SIGSTOP)  # so that it does not see its guard go
    os.kill(guard.pid, signal.SIGKILL)
    daemon.stop(signal.SIGKILL)
    assert len(home.alive()) == 1
    assert rows(daemon)["leftovers"]["level"] == "warn"
    assert "is stale" in rows(daemon)["daemon"]["text"]
    assert daemon.rtm("doctor", "--leftovers", "--yes").stdout.endswith("ended 1\n")
    assert home.alive() == {}
