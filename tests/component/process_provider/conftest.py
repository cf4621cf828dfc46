"""The process provider as a program on its own, and a client on its Unix socket."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

PACKAGE = Path(__file__).parents[3] / "providers" / "process"
MARKER = "0123456789/process/1"
ANSWER_S = 20.0
SAYS_READY = "commands run below"
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of a problem."""
        assert self.headers["content-type"] == "application/problem+json", self
        assert self.json["status"] == self.status
        return str(self.json["code"])


@dataclass(frozen=True, slots=True)
class Event:
    name: str
    data: Any
    id: str | None


class Connection(http.client.HTTPConnection):
    """To a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("process.localhost", timeout=ANSWER_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(ANSWER_S)
        self.sock.connect(str(self._path))


class Provider:
    """A running provider."""

    def __init__(self, process: subprocess.Popen[str], path: Path, root: Path) -> None:
        self.process = process
        self.path = path
        self.root = root

    def ask(
        self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        connection = Connection(self.path)
        try:
            connection.request(method, path, body=body or None, headers=dict(headers or {}))
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, named, response.read())
        finally:
            connection.close()

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def post(self, path: str, body: object = None) -> Answer:
        sent = json.dumps({} if body is None else body).encode()
        return self.ask("POST", path, body=sent, headers=JSON)

    def start(self, command: str, *args: str, **fields: object) -> dict[str, Any]:
        """Start a command that must start."""
        answer = self.post("/processes", {"command": command, "args": args, **fields})
        assert answer.status == 201, answer
        return dict(answer.json)

    def shell(self, script: str, **fields: object) -> dict[str, Any]:
        return self.start("sh", "-c", script, **fields)

    def python(self, script: str, **fields: object) -> dict[str, Any]:
        return self.start(sys.executable, "-c", script, **fields)

    def process_of(self, started: Mapping[str, Any]) -> dict[str, Any]:
        return dict(self.get(f"/processes/{started['id']}").json)

    @contextmanager
    def events(self, path: str, **headers: str) -> Iterator[Iterator[Event]]:
        """The events at `path`, until it ends or the block does."""
        connection = Connection(self.path)
        try:
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request("GET", path, headers={"Accept": "text/event-stream", **sent})
            response = connection.getresponse()
            assert response.status == 200, response.read()
            assert response.getheader("Content-Type") == "text/event-stream"
            yield read_events(response)
        finally:
            connection.close()

    def follow(self, started: Mapping[str, Any], **headers: str) -> list[Event]:
        """Everything of one command, up to its end."""
        with self.events(f"/processes/{started['id']}/output", **headers) as events:
            return list(events)

    def lines(self, started: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Stream and text of each line, once it has ended."""
        told = self.follow(started)
        return [
            (event.data["stream"], event.data["text"])
            for event in told
            if event.name == "process.output"
        ]

    def until(self, started: Mapping[str, Any], text: str) -> None:
        """Return once it has written a line."""
        with self.events(f"/processes/{started['id']}/output") as events:
            for event in events:
                if event.data.get("text") == text:
                    return
        raise AssertionError(f"it ended without {text!r}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=ANSWER_S)


def read_events(response: http.client.HTTPResponse) -> Iterator[Event]:
    name, number = "", None
    for line in response:
        field, _, value = line.decode().rstrip("\n").partition(": ")
        if field == "event":
            name = value
        elif field == "id":
            number = value
        elif field == "data":
            yield Event(name, json.loads(value), number)
            name, number = "", None


def alive(pid: int) -> bool:
    """Whether it runs: one that waits to be reaped does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def gone(pid: int) -> bool:
    """Whether it ends, now or soon."""
    try:
        psutil.Process(pid).wait(timeout=ANSWER_S)
    except psutil.NoSuchProcess:
        pass
    except psutil.TimeoutExpired:
        return False
    return True


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """A function that runs the program as its manifest does, with more environment."""
    with ExitStack() as stack:

        def start(**env: str) -> subprocess.Popen[str]:
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-B", "-m", "process_provider", str(tmp_path / "p.sock")],
                    env={
                        "PATH": os.environ["PATH"],
                        "PROVIDER_DATA_DIR": str(tmp_path / "data"),
                        "RTM_INSTANCE": MARKER,
                        **env,
                    },
                    cwd=PACKAGE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(end, process)
            return process

        yield start


@pytest.fixture
def start_provider(
    run: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> Callable[..., Provider]:
    """A function that starts it and waits until it listens."""

    def start(**env: str) -> Provider:
        process = run(**env)
        assert process.stderr is not None
        assert SAYS_READY in process.stderr.readline()
        return Provider(process, tmp_path / "p.sock", tmp_path / "data")

    return start


@pytest.fixture
def provider(start_provider: Callable[..., Provider]) -> Provider:
    return start_provider()


def end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()
        assert process.wait(timeout=ANSWER_S) == 0
