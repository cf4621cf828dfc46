"""Each example program on its own: it answers, and it ends when asked."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[3] / "examples" / "providers"
CODES = sorted(folder.parent.name for folder in EXAMPLES.glob("*/manifest.yaml"))
NOT_HERE = (
    "fd",
    "report",
    "go-hello",
)  # started otherwise, or built first: tests/system/test_go.py
STARTED_BY_PORT = [code for code in CODES if code not in NOT_HERE]


@pytest.mark.parametrize("code", STARTED_BY_PORT)
def test_it_answers_and_ends_when_asked(start: Callable, code: str) -> None:
    example = start(code)
    status, _body = example.fetch("/")
    assert status == 200
    assert example.stop(signal.SIGINT if code == "shell-hello" else signal.SIGTERM) == 0


def test_every_example_has_its_line_in_the_table() -> None:
    table = (EXAMPLES / "README.md").read_text()
    assert sorted(re.findall(r"^\| \[`([a-z-]+)`\]", table, re.MULTILINE)) == CODES


def test_echo_tells_what_arrived(start: Callable) -> None:
    example = start("echo")
    status, body = example.fetch(
        "/a%2Fb?x=1", method="POST", body="grün".encode(), headers={"X-Seen": "yes"}
    )
    seen = json.loads(body)
    assert status == 200
    assert (seen["method"], seen["path"], seen["body"]) == ("POST", "/a%2Fb?x=1", "grün")
    assert ["X-Seen", "yes"] in seen["headers"]


def test_the_clock_repeats_what_a_lost_connection_missed(start: Callable) -> None:
    with start("clock").connection() as connection:
        connection.request("GET", "/events")
        first = next_tick(connection.getresponse())
    with start("clock").connection() as connection:
        connection.request("GET", "/events", headers={"Last-Event-ID": str(first - 3)})
        answer = connection.getresponse()
        assert [next_tick(answer) for _ in range(3)] == [first - 2, first - 1, first]


def next_tick(lines: object) -> int:
    for line in lines:
        if line.startswith(b"id: "):
            return int(line.removeprefix(b"id: "))
    raise AssertionError("the stream ended")


def test_an_open_stream_does_not_hold_up_the_end_of_the_clock(start: Callable) -> None:
    example = start("clock")
    with example.connection() as connection:
        connection.request("GET", "/events")
        next_tick(connection.getresponse())
        assert example.stop() == 0


def test_the_shell_script_becomes_its_server(start: Callable) -> None:
    example = start("shell-hello", PROVIDER_GENERATION="7")
    _status, body = example.fetch("/")
    assert "for the 7. time" in body
    cmdline = Path(f"/proc/{example.process.pid}/cmdline")
    if cmdline.exists():
        assert b"http.server" in cmdline.read_bytes()


@pytest.mark.node
def test_node_tells_the_time_of_a_zone(start: Callable) -> None:
    example = start("node-time")
    status, body = example.fetch("/?zone=Europe/Berlin")
    assert (status, json.loads(body)["zone"]) == (200, "Europe/Berlin")
    assert example.fetch("/?zone=Nowhere/AtAll")[0] == 400


def test_fd_serves_on_the_socket_it_was_given() -> None:
    script = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3<&0 0</dev/null'
    with socket.create_server(("127.0.0.1", 0)) as listener:
        program = EXAMPLES / "fd" / "inherit.py"
        with subprocess.Popen(
            ["sh", "-c", script, "sh", sys.executable, str(program)], stdin=listener.fileno()
        ) as process:
            with socket.create_connection(listener.getsockname(), timeout=5) as client:
                client.sendall(b"GET / HTTP/1.0\r\n\r\n")
                answer = client.makefile("rb").read()
            process.terminate()
            assert process.wait(timeout=5) == 0
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_fd_says_what_it_expects_when_it_gets_no_socket() -> None:
    program = EXAMPLES / "fd" / "inherit.py"
    ended = subprocess.run([sys.executable, str(program)], capture_output=True, env={}, check=False)
    assert ended.returncode == 1
    assert b"LISTEN_FDS" in ended.stderr


def test_report_prints_where_it_listens() -> None:
    program = EXAMPLES / "report" / "report.py"
    with subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        port = int(line.removeprefix("LISTENING 127.0.0.1:"))
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert f"I chose port {port}".encode() in client.makefile("rb").read()
        process.terminate()
        assert process.wait(timeout=5) == 0


def test_notify_says_when_it_is_ready(start: Callable, tmp_path: Path) -> None:
    address = tmp_path / "notify.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(address))
        heard.settimeout(10)
        start("notify", NOTIFY_SOCKET=str(address))
        assert heard.recv(4096) == b"STATUS=looking for primes"
        assert b"READY=1" in heard.recv(4096).splitlines()
