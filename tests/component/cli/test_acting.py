"""Verbs that change something, and those that wait for a change."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.component.cli.canned import BROKEN, COOL, COOL_IN_FULL

if TYPE_CHECKING:
    from tests.component.cli.canned import CannedDaemon, Rtm


def event(name: str, **data: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


SNAPSHOT = event("snapshot", number=1, providers=[COOL, BROKEN])
FAILED = {
    "title": "Failed",
    "status": 409,
    "code": "ended-failed",
    "detail": "broken did not become ready: exit code 3",
    "hint": "rtm status broken tells more",
}
TIMED_OUT = {"title": "Timeout", "status": 504, "code": "wait-timeout", "detail": "cool starts yet"}


def test_start_waits_and_is_quiet_on_success(daemon: CannedDaemon, rtm: Rtm) -> None:
    daemon.answer("POST", "/api/v1/providers/cool/start?wait=30s", COOL_IN_FULL)
    said = rtm("start", "cool")
    assert (said.code, said.out, said.err) == (0, "", "")


def test_start_that_ends_in_failure_says_the_cause(daemon: CannedDaemon, rtm: Rtm) -> None:
    daemon.answer("POST", "/api/v1/providers/broken/start?wait=30s", FAILED, status=409)
    said = rtm("start", "broken")
    assert said.code == 1
    assert said.err == (
        "rtm: broken did not become ready: exit code 3\nhint: rtm status broken tells more\n"
    )


def test_a_wait_that_is_too_short_is_124(daemon: CannedDaemon, rtm: Rtm) -> None:
    target = "/api/v1/providers/cool/restart?wait=0.5s"
    daemon.answer("POST", target, TIMED_OUT, status=504)
    assert rtm("restart", "cool", "--timeout", "500ms").code == 124


def test_no_wait_asks_and_returns(daemon: CannedDaemon, rtm: Rtm) -> None:
    daemon.answer("POST", "/api/v1/providers/cool/stop", {"code": "cool"}, status=202)
    said = rtm("stop", "cool", "--no-wait", "--format", "json")
    assert said.document == {"providers": [{"code": "cool"}]}


def test_several_are_asked_before_the_first_is_waited_for(daemon: CannedDaemon, rtm: Rtm) -> None:
    daemon.all_asked = threading.Barrier(3)  # none is answered before all three are asked
    codes = ("a", "b", "c")
    for code in codes:
        daemon.answer("POST", f"/api/v1/providers/{code}/start?wait=30s", {"code": code})
    assert rtm("start", *codes, "a").code == 0


def test_the_first_failure_decides_the_exit_code_and_all_are_told(
    daemon: CannedDaemon, rtm: Rtm
) -> None:
    daemon.answer("POST", "/api/v1/providers/cool/start?wait=30s", COOL_IN_FULL)
    daemon.answer("POST", "/api/v1/providers/broken/start?wait=30s", FAILED, status=409)
    said = rtm("start", "nobody", "broken", "cool", "--format", "json")
    assert said.code == 4
    assert [json.loads(line)["status"] for line in said.err.splitlines()] == [404, 409]
    assert [provider["code"] for provider in said.document["providers"]] == ["cool"]


def test_all_means_every_provider_but_the_invalid(daemon: CannedDaemon, rtm: Rtm) -> None:
    providers = [{"code": "a", "state": "stopped"}, {"code": "b", "state": "invalid"}]
    daemon.answer("GET", "/api/v1/providers?usage=0", {"providers": providers})
    daemon.answer("POST", "/api/v1/providers/a/stop?wait=30s", {"code": "a"})
    assert rtm("stop", "--all").code == 0
    assert daemon.asked[-1][:2] == ("POST", "/api/v1/providers/a/stop?wait=30s")


@pytest.mark.parametrize("words", [["start"], ["start", "cool", "--all"]])
def test_codes_and_all_exclude_each_other(words: list[str], rtm: Rtm) -> None:
    said = rtm(*words)
    assert said.code == 2
    assert "either codes or --all" in said.err


def test_wait_is_done_at_once_where_the_state_is_there(daemon: CannedDaemon, rtm: Rtm) -> None:
    daemon.answer("GET", "/api/v1/events", pieces=[SNAPSHOT], is_held=True)
    said = rtm("wait", "cool", "--format", "json")
    assert (said.code, said.document["providers"][0]["code"]) == (0, "cool")


def test_wait_follows_the_events_even_of_a_brief_state(daemon: CannedDaemon, rtm: Rtm) -> None:
    change = event("provider.state", code="cool", data={"from": "ready", "to": "backoff"})
    other = event("provider.state", code="other", data={"from": "ready", "to": "backoff"})
    exit_ = event("provider.exit", code="cool", data={"status": "exit code 1"})
    daemon.answer("GET", "/api/v1/events", pieces=[SNAPSHOT, other, exit_, change], is_held=True)
    said = rtm("wait", "cool", "--state", "backoff")
    assert (said.code, said.out, said.err) == (0, "", "")


def test_wait_gives_up_when_the_provider_has_failed(daemon: CannedDaemon, rtm: Rtm) -> None:
    daemon.answer("GET", "/api/v1/events", pieces=[SNAPSHOT], is_held=True)
    said = rtm("wait", "cool", "broken")
    assert said.code == 1
    assert "rtm: broken is failed, not ready: exit code 3 before it was ready" in said.err
    assert "hint: rtm logs broken shows its output" in said.err


def test_wait_for_the_failed_state_is_done(daemon: CannedDaemon, rtm: Rtm) -> None:
    daemon.answer("GET", "/api/v1/events", pieces=[SNAPSHOT], is_held=True)
    assert rtm("wait", "broken", "--state", "failed").code == 0


def test_wait_times_out_and_says_what_is_missing(daemon: CannedDaemon, rtm: Rtm) -> None:
    daemon.answer("GET", "/api/v1/events", pieces=[SNAPSHOT], is_held=True)
    said = rtm("wait", "cool", "--state", "stopped", "--timeout", "300ms")
    assert said.code == 124
    assert "rtm: not stopped after 0.3 s: cool is ready" in said.err


def test_keep_alives_do_not_lengthen_a_wait(daemon: CannedDaemon, rtm: Rtm) -> None:
    alive = [b": keep-alive\n\n"] * 50
    daemon.answer("GET", "/api/v1/events", pieces=[SNAPSHOT, *alive], is_held=True)
    assert rtm("wait", "cool", "--state", "stopped", "--timeout", "0").code == 124


def test_wait_for_an_unknown_code_is_4(daemon: CannedDaemon, rtm: Rtm) -> None:
    daemon.answer("GET", "/api/v1/events", pieces=[SNAPSHOT], is_held=True)
    assert rtm("wait", "nobody").code == 4


def test_wait_on_a_daemon_that_ends_is_3(daemon: CannedDaemon, rtm: Rtm) -> None:
    daemon.answer("GET", "/api/v1/events", pieces=[SNAPSHOT, event("daemon.stopping")])
    said = rtm("wait", "cool", "--state", "stopped")
    assert said.code == 3
    assert "the daemon ended" in said.err
