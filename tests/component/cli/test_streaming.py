"""Verbs that follow a stream: logs and events."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.component.cli.canned import COOL

if TYPE_CHECKING:
    from runtime_manager.model.home import Home
    from tests.component.cli.canned import CannedDaemon, Rtm


def log_line(number: int, text: str) -> bytes:
    at = f"2025-06-01T12:00:0{number}+00:00"
    record = {"number": number, "at": at, "stream": "stdout", "generation": 1, "text": text}
    return json.dumps(record).encode() + b"\n"


def event(name: str, **data: Any) -> bytes:
    return f"event: {name}\nid: 1\ndata: {json.dumps({'name': name, **data})}\n\n".encode()


LOGS = "/api/v1/providers/cool/logs?tail="
SNAPSHOT = event("snapshot", providers=[COOL])
STARTING = event(
    "provider.state",
    number=8,
    at="2025-06-01T12:00:01.250000+00:00",
    code="cool",
    generation=3,
    data={"from": "stopped", "to": "starting", "cause": {"kind": "asked", "message": "by you"}},
)
STOPPING = event("daemon.stopping", number=9, at="2025-06-01T12:00:02+00:00", code=None, data={})


def test_logs_are_the_providers_own_lines(daemon: CannedDaemon, rtm: Rtm) -> None:
    first, second = log_line(1, "one \x1b[31mred"), log_line(2, "zwei ä")
    cut = len(first) + 5  # a chunk may end anywhere in a line
    pieces = [(first + second)[:cut], (first + second)[cut:]]
    daemon.answer("GET", LOGS + "100", pieces=pieces)
    assert rtm("logs", "cool").out == "one \x1b[31mred\nzwei ä\n"


def test_logs_with_timestamps_of_one_stream(daemon: CannedDaemon, rtm: Rtm) -> None:
    daemon.answer("GET", LOGS + "5&stream=stderr", pieces=[log_line(1, "x")])
    said = rtm("logs", "cool", "-n", "5", "--stream", "stderr", "--timestamps")
    assert said.out == "2025-06-01T12:00:01+00:00 x\n"


def test_logs_for_programs_are_json_lines(daemon: CannedDaemon, rtm: Rtm) -> None:
    daemon.answer("GET", LOGS + "0&follow=1", pieces=[log_line(1, "x"), log_line(2, "y")])
    said = rtm("logs", "cool", "--follow", "--tail", "0", "--format", "json")
    assert [json.loads(line)["text"] for line in said.out.splitlines()] == ["x", "y"]


def test_no_logs_are_no_output(daemon: CannedDaemon, rtm: Rtm) -> None:
    daemon.answer("GET", LOGS + "100", pieces=[b"\n"])
    said = rtm("logs", "cool")
    assert (said.code, said.out) == (0, "")


def test_logs_of_an_unknown_code_are_4(daemon: CannedDaemon, rtm: Rtm) -> None:
    assert rtm("logs", "col").code == 4


Following = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def follow(home: Home, environ: dict[str, str]) -> Following:
    def start(*words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "runtime_manager", *words, "--home", str(home.root)]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environ)

    return start


def test_an_interrupt_ends_following_with_130(daemon: CannedDaemon, follow: Following) -> None:
    target = LOGS + "100&follow=1"
    daemon.answer("GET", target, pieces=[log_line(1, "x")], is_held=True)
    with follow("logs", "cool", "-f") as child:
        assert child.stdout.readline() == "x\n"  # it has come at once, though more may follow
        child.send_signal(signal.SIGINT)
        assert child.wait(timeout=10) == 130
        assert child.stderr.read() == ""


def test_a_reader_that_leaves_is_no_failure(daemon: CannedDaemon, follow: Following) -> None:
    many = [log_line(1, "x" * 1000)] * 500
    daemon.answer("GET", LOGS + "100&follow=1", pieces=many, is_held=True)
    with follow("logs", "cool", "-f") as child:
        child.stdout.readline()
        child.stdout.close()
        assert child.wait(timeout=10) == 0
        assert child.stderr.read() == ""


def test_events_are_lines_until_the_daemon_stops(daemon: CannedDaemon, rtm: Rtm) -> None:
    daemon.answer("GET", "/api/v1/events", pieces=[SNAPSHOT, STARTING, STOPPING])
    said = rtm("events")
    assert said.code == 0
    assert said.out.splitlines() == [
        "snapshot  cool  ready",
        "12:00:01.250  provider.state  cool  stopped → starting  cause=by you",
        "12:00:02.000  daemon.stopping",
    ]


def test_events_of_one_code_for_programs(daemon: CannedDaemon, rtm: Rtm) -> None:
    daemon.answer("GET", "/api/v1/events?code=cool", pieces=[SNAPSHOT, STARTING, STOPPING])
    said = rtm("events", "--code", "cool", "--format", "json")
    documents = [json.loads(line) for line in said.out.splitlines()]
    names = [document["name"] for document in documents]
    assert names == ["snapshot", "provider.state", "daemon.stopping"]
    assert documents[1]["number"] == 8


def test_events_once_are_the_snapshot(daemon: CannedDaemon, rtm: Rtm) -> None:
    daemon.answer("GET", "/api/v1/events", pieces=[SNAPSHOT], is_held=True)
    assert rtm("events", "--once").out == "snapshot  cool  ready\n"
    assert rtm("events", "--once", "--code", "nobody").code == 4


def test_an_event_stream_that_breaks_off_is_a_failure(daemon: CannedDaemon, rtm: Rtm) -> None:
    daemon.answer("GET", "/api/v1/events", pieces=[SNAPSHOT])
    said = rtm("events")
    assert said.code == 1
    assert "the daemon ended the event stream" in said.err
