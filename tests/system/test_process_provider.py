"""The process provider behind the daemon: who may use it, and that nothing it started is left."""

from __future__ import annotations

import http.client
import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.system.child import (
    ANSWER_S,
    REPOSITORY,
    Daemon,
    HomeFolder,
    wait_until_none_alive,
)

PACKAGE = REPOSITORY / "providers" / "process"
BASE = "/api/v1/process"
JSON = {"Content-Type": "application/json"}
LEAVES_ITS_SESSION = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    print(os.getpid(), flush=True)
    time.sleep(600)
time.sleep(600)
"""


@pytest.fixture
def provided(home: HomeFolder, start_daemon: Callable[..., Daemon]) -> Daemon:
    (home.root / "providers" / "process").symlink_to(PACKAGE)
    daemon = start_daemon()
    daemon.wait_for("process")
    return daemon


def post(daemon: Daemon, path: str, body: object, **options: Any) -> Any:
    sent = json.dumps(body).encode()
    return daemon.ask(BASE + path, method="POST", body=sent, headers=JSON, **options)


def start(daemon: Daemon, command: str, *args: str) -> dict[str, Any]:
    answer = post(daemon, "/processes", {"command": command, "args": args})
    assert answer.status == 201, answer.text
    return dict(answer.json)


@contextmanager
def output(daemon: Daemon, started: dict[str, Any]) -> Iterator[Iterator[dict[str, Any]]]:
    """The data of a command's events, as they come through the gateway."""
    connection = http.client.HTTPConnection(daemon.authority, timeout=ANSWER_S)
    headers = {"X-RTM-Token": daemon.token, "Accept": "text/event-stream"}
    try:
        connection.request("GET", f"{BASE}/processes/{started['id']}/output", headers=headers)
        response = connection.getresponse()
        assert response.status == 200
        lines = (line.decode() for line in response)
        yield (json.loads(line[6:]) for line in lines if line.startswith("data: "))
    finally:
        connection.close()


def start_hard_ones(daemon: Daemon) -> set[int]:
    """Commands that are hard to end: deaf to SIGTERM, and out of their session."""
    deaf = start(daemon, "sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 1; done")
    leaver = start(daemon, "python3", "-c", LEAVES_ITS_SESSION)
    with output(daemon, deaf) as said:
        assert next(said)["text"] == "deaf"
    with output(daemon, leaver) as said:
        left = int(next(said)["text"])
    pids = {deaf["pid"], leaver["pid"], left}
    assert pids <= daemon.home.alive().keys()
    return pids


def test_without_the_token_nothing_is_told_and_nothing_runs(provided: Daemon) -> None:
    for path in ("/", "/processes", "/events", "/health", "/assets/core-process.js"):
        assert provided.ask(BASE + path, has_token=False).status == 401, path
        host = provided.name("process")
        assert provided.ask(path, has_token=False, host=host).status == 401, path
    refused = post(provided, "/processes", {"command": "true"}, has_token=False)
    assert refused.status == 401
    assert provided.ask(f"{BASE}/processes").json == {"processes": []}


def test_a_command_is_started_followed_and_signalled(provided: Daemon) -> None:
    started = start(provided, "cat")
    with output(provided, started) as said:
        post(provided, f"/processes/{started['id']}/input", {"input": "grüße\n"})
        assert next(said)["text"] == "grüße"
        post(provided, f"/processes/{started['id']}/signal", {"signal": "TERM"})
        end = next(said)
    assert (end["status"], end["signal"]) == ("killed", "SIGTERM")
    [listed] = provided.ask(f"{BASE}/processes").json["processes"]
    assert listed["id"] == started["id"]


def test_it_runs_in_its_data_folder_with_the_marker_of_the_provider(provided: Daemon) -> None:
    started = start(provided, "sh", "-c", "pwd; echo $RTM_INSTANCE; env | grep -c ^PROVIDER_")
    with output(provided, started) as said:
        texts = [event.get("text") for event in said][:3]
    data = provided.home.data("process").resolve()
    assert texts == [str(data), f"{provided.home.marker}process/1", "0"]


def test_its_element_and_its_description_are_listed(provided: Daemon) -> None:
    [listed] = provided.ask("/api/v1/providers").json["providers"]
    assert listed["element"]["tag"] == "core-process-panel"
    script = provided.ask(listed["element"]["source"])
    assert b'customElements.define("core-process-panel"' in script.body
    assert listed["channels"] == [
        "process.started",
        "process.output",
        "process.exited",
        "process.killed",
        "process.removed",
    ]
    assert provided.ask(f"{BASE}/openapi.json").json["openapi"].startswith("3.1")


def test_nothing_is_left_when_the_daemon_stops(provided: Daemon) -> None:
    start_hard_ones(provided)
    assert provided.stop() == 0
    assert not provided.home.alive()


def test_nothing_is_left_when_the_daemon_is_killed(provided: Daemon) -> None:
    start_hard_ones(provided)
    provided.process.kill()
    provided.process.wait()
    wait_until_none_alive(provided.home, within_s=5)


def test_nothing_is_left_of_a_provider_that_is_killed_and_the_next_is_empty(
    provided: Daemon,
) -> None:
    pids = start_hard_ones(provided)
    with provided.watch() as watch:
        os.kill(provided.provider("process")["pid"], signal.SIGKILL)
        watch.until("process", "ready")
    assert not pids & provided.home.alive().keys()
    assert provided.ask(f"{BASE}/processes").json == {"processes": []}


def test_an_open_stream_does_not_hold_up_a_restart(provided: Daemon) -> None:
    started = start(provided, "sleep", "600")
    with output(provided, started) as said:
        assert provided.do("restart", "process").status == 200
        assert [event["signal"] for event in said] == ["SIGTERM"]
