"""Verbs that ask the daemon one thing and show it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from runtime_manager.client.process import process_started_at
from tests.component.cli.canned import COOL_IN_FULL

if TYPE_CHECKING:
    from pathlib import Path

    from runtime_manager.model.home import Home
    from tests.component.cli.canned import CannedDaemon, Rtm


def test_list_is_an_aligned_table_sorted_by_code(daemon: CannedDaemon, rtm: Rtm) -> None:
    said = rtm("list")
    lines = said.out.splitlines()
    assert said.code == 0
    assert lines[0].split() == [
        "CODE",
        "STATE",
        "VERSION",
        "URL",
        "PID",
        "RESTARTS",
        "SINCE",
        "CAUSE",
    ]
    assert lines[1].split()[:4] == [
        "broken",
        "failed",
        "1.10",
        "http://127.0.0.1:9880/api/v1/cool/",
    ]
    assert lines[1].endswith("  2h     exit code 3 before it was ready")
    assert lines[2].split()[:2] == ["cool", "ready"]
    assert said.err == ""
    assert "\x1b" not in said.out


def test_what_is_to_be_minded_of_one_that_is_ready_is_listed_and_told(
    daemon: CannedDaemon, rtm: Rtm
) -> None:
    warning = {"kind": "exposed", "message": "it listens on 0.0.0.0:80", "hint": "bind {host}"}
    warned = {**COOL_IN_FULL, "warnings": [warning]}
    daemon.answer("GET", "/api/v1/providers?usage=0", {"providers": [warned]})
    daemon.answer("GET", "/api/v1/providers/cool", warned)
    assert rtm("list").out.endswith("it listens on 0.0.0.0:80\n")
    said = rtm("status", "cool")
    assert said.code == 0
    assert "warning      [exposed] it listens on 0.0.0.0:80\n  hint         bind {host}" in said.out


def test_list_for_programs_is_the_document_of_the_api(daemon: CannedDaemon, rtm: Rtm) -> None:
    providers = rtm("list", "--format", "json").document["providers"]
    assert [(provider["code"], provider["basePath"]) for provider in providers] == [
        ("broken", "/api/v1/cool"),
        ("cool", "/api/v1/cool"),
    ]


def test_list_of_some_states_leaves_out_the_others(daemon: CannedDaemon, rtm: Rtm) -> None:
    said = rtm("list", "--state", "ready", "--state", "starting")
    assert [line.split()[0] for line in said.out.splitlines()] == ["CODE", "cool"]
    assert rtm("list", "--state", "backoff").out == ""


def test_list_on_a_terminal_is_coloured_and_as_wide_as_it(
    daemon: CannedDaemon, home: Home, environ: dict[str, str]
) -> None:
    out = on_a_terminal(["list"], home=home, environ={**environ, "TERM": "xterm"}, columns=90)
    assert "\x1b[31mfailed\x1b[0m" in out
    assert "NAMESPACE" in out  # whole addresses would leave no room for the cause
    assert "exit code 3 before it was r…" in out


def test_no_color_is_respected_on_a_terminal(
    daemon: CannedDaemon, home: Home, environ: dict[str, str]
) -> None:
    out = on_a_terminal(["list"], home=home, environ={**environ, "NO_COLOR": "1"}, columns=200)
    assert "\x1b" not in out
    assert "URL" in out


def on_a_terminal(words: list[str], *, home: Home, environ: dict[str, str], columns: int) -> str:
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    command = [sys.executable, "-m", "runtime_manager", *words, "--home", str(home.root)]
    try:
        subprocess.run(command, stdout=theirs, env=environ, timeout=30, check=True)
    finally:
        os.close(theirs)
    with os.fdopen(ours, "rb", buffering=0) as screen:
        try:
            return screen.read(65536).decode()
        except OSError:  # EIO: nothing was written, and the other end is closed (pty(7))
            return ""


def test_status_of_a_failed_provider_says_why(daemon: CannedDaemon, rtm: Rtm) -> None:
    said = rtm("status", "broken")
    assert said.code == 1
    told = " ".join(said.out.split())
    for fact in (
        "broken failed for ",
        "cause [exited] exit code 3 before it was ready",
        "hint rtm logs broken shows its output",
        "last exit exit code 3",
        "last probe connection refused",
        "depends on cool",
        "last lines of stderr: Traceback (most recent call last): KeyError: 'PORT'?[31m",
    ):
        assert fact in told


def test_status_of_a_ready_provider_is_done(daemon: CannedDaemon, rtm: Rtm) -> None:
    said = rtm("status", "cool")
    assert said.code == 0
    assert "33.0 MiB memory, 0.5 s of processor time, 2 processes" in said.out
    assert "0.23 s" in said.out
    assert "serving" not in said.out  # its last words are of interest only when it is not well


def test_a_broken_edit_of_a_running_provider_is_told(daemon: CannedDaemon, rtm: Rtm) -> None:
    edited = {**COOL_IN_FULL, "manifest_error": "manifest.yaml:2: namme: there is no such key"}
    daemon.answer("GET", "/api/v1/providers/cool", edited)
    daemon.answer("GET", "/api/v1/providers?usage=0", {"providers": [edited]})
    told = " ".join(rtm("status", "cool").out.split())
    assert "manifest manifest.yaml:2: namme: there is no such key" in told
    assert "no such key" in rtm("list").out


def test_status_for_programs_is_the_document_of_the_api(daemon: CannedDaemon, rtm: Rtm) -> None:
    said = rtm("status", "broken", "--format", "json")
    assert (said.code, said.document["last_exit"]) == (1, "exit code 3")


def test_status_of_the_daemon_counts_and_names_the_troubled(daemon: CannedDaemon, rtm: Rtm) -> None:
    said = rtm("status")
    told = " ".join(said.out.split())
    assert said.code == 0
    home = daemon.home
    assert f"home {home.root} url http://127.0.0.1:9880 pid 4242 token {home.token}" in told
    assert "version 0.0.9" in told
    assert "1 ready, 1 failed" in told
    assert "broken failed exit code 3 before it was ready" in told
    document = rtm("status", "--format", "json").document
    assert document["counts"] == {"ready": 1, "failed": 1}
    assert document["daemon"]["pid"] == 4242


def test_an_unknown_code_is_told_with_the_nearest(daemon: CannedDaemon, rtm: Rtm) -> None:
    said = rtm("status", "col")
    assert said.code == 4
    assert said.err == "rtm: no provider has the code 'col'\nhint: did you mean cool?\n"


def test_an_error_for_programs_is_the_problem_on_stderr(daemon: CannedDaemon, rtm: Rtm) -> None:
    said = rtm("status", "col", "--format", "json")
    assert (said.code, said.out) == (4, "")
    assert json.loads(said.err)["code"] == "unknown-code"


def test_a_code_cannot_lead_to_another_address(daemon: CannedDaemon, rtm: Rtm) -> None:
    rtm("status", "../routes?x")
    assert daemon.asked[-1][1] == "/api/v1/providers/..%2Froutes%3Fx"


def test_routes_are_a_table_by_prefix(daemon: CannedDaemon, rtm: Rtm) -> None:
    route = {"code": "cool", "gate": "open", "endpoint": "127.0.0.1:4", "name": "cool"}
    closed = {**route, "gate": "closed", "endpoint": None, "cause": "stopped on request"}
    routes = [{**route, "prefix": "/api/v1/z"}, {**closed, "prefix": "/api/v1/a"}]
    daemon.answer("GET", "/api/v1/routes", {"revision": 3, "routes": routes})
    lines = rtm("routes").out.splitlines()
    assert lines[1].split() == [
        "/api/v1/a",
        "cool",
        "closed",
        "-",
        "cool",
        "stopped",
        "on",
        "request",
    ]
    assert lines[2].split() == ["/api/v1/z", "cool", "open", "127.0.0.1:4", "cool"]
    assert rtm("routes", "--format", "json").document["revision"] == 3


def test_version_tells_the_daemon_too(daemon: CannedDaemon, rtm: Rtm) -> None:
    said = rtm("version")
    assert said.out.startswith("runtime-manager ")
    assert "daemon 0.0.9 (pid 4242)" in said.out


def test_version_needs_no_daemon(rtm: Rtm) -> None:
    said = rtm("version", "--format", "json")
    assert (said.code, said.document["daemon"]) == (0, None)


def test_open_prints_the_address_where_there_is_no_terminal(daemon: CannedDaemon, rtm: Rtm) -> None:
    daemon.answer("POST", "/api/v1/sessions", {"url": "http://cool.localhost:9880/_rtm/x"})
    assert rtm("open", "cool", "--via", "path").out == "http://cool.localhost:9880/_rtm/x\n"
    assert daemon.asked[-1][2] == {"for": "cool", "via": "path"}
    rtm("open", "--print")
    assert daemon.asked[-1][2] == {"for": "dashboard", "via": "name"}


def test_open_on_a_terminal_hands_the_address_to_the_browser(
    daemon: CannedDaemon, home: Home, environ: dict[str, str], tmp_path: Path
) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {tmp_path}/opened\n')
    browser.chmod(0o755)
    daemon.answer("POST", "/api/v1/sessions", {"url": "http://cool.localhost:9880/_rtm/x"})
    environ = {**environ, "BROWSER": f"{browser} %s"}
    on_a_terminal(["open", "cool"], home=home, environ=environ, columns=80)
    assert (tmp_path / "opened").read_text() == "http://cool.localhost:9880/_rtm/x"


def test_open_without_a_browser_says_so_and_prints_the_address(
    daemon: CannedDaemon,
    home: Home,
    environ: dict[str, str],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    daemon.answer("POST", "/api/v1/sessions", {"url": "http://cool.localhost:9880/_rtm/x"})
    kept = {k: v for k, v in environ.items() if k not in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")}
    said = on_a_terminal(
        ["open", "cool"], home=home, environ={**kept, "PATH": str(tmp_path)}, columns=80
    )
    assert "no browser was found" in capfd.readouterr().err
    assert "http://cool.localhost:9880/_rtm/x" in said


def test_config_shows_what_the_daemon_runs_with(daemon: CannedDaemon, rtm: Rtm) -> None:
    settings = {"listen": "127.0.0.1:1", "hosts": ["a", "b"], "gateway": {"wait_s": 30}}
    daemon.answer("GET", "/api/v1/config", {"config": settings})
    assert rtm("config").out == "listen = 127.0.0.1:1\nhosts = a, b\ngateway.wait_s = 30\n"
    document = rtm("config", "--format", "json").document
    assert document == {"config": settings, "source": "daemon"}


@pytest.mark.parametrize("words", [["list"], ["status"], ["logs", "cool"], ["wait", "cool"]])
def test_without_a_daemon_the_hint_tells_how_to_start_one(
    words: list[str], home: Home, rtm: Rtm
) -> None:
    said = rtm(*words)
    assert (said.code, said.out) == (3, "")
    assert "no daemon runs for this home" in said.err
    assert f"hint: start it: rtm serve --home {home.root}" in said.err


def test_a_runtime_json_left_behind_is_called_stale(daemon: CannedDaemon, rtm: Rtm) -> None:
    daemon.server_close()  # the socket's file stays, nobody listens
    assert "stale" in (refused := rtm("list")).err
    daemon.home.api_socket.unlink()
    assert "stale" in (missing := rtm("list")).err
    assert (refused.code, missing.code) == (3, 3)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"socket": 7}'])
def test_a_damaged_runtime_json_is_no_daemon(text: str, home: Home, rtm: Rtm) -> None:
    home.run.mkdir(parents=True, exist_ok=True)
    home.runtime_json.write_text(text)
    said = rtm("list")
    assert said.code == 3
    assert "is damaged" in said.err


def test_wrong_usage_is_told_in_two_lines(rtm: Rtm) -> None:
    said = rtm("lst")
    assert said.code == 2
    assert said.err == "rtm: there is no verb 'lst'\nhint: did you mean list?\n"
    assert json.loads(rtm("list", "--nope", "--format", "json").err)["code"] == "usage"


def test_no_words_at_all_show_the_help(environ: dict[str, str]) -> None:
    command = [sys.executable, "-m", "runtime_manager"]
    done = subprocess.run(command, capture_output=True, text=True, env=environ, check=False)
    assert done.returncode == 2
    assert "exit codes:" in done.stderr


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["list", "--help"]])
def test_help_and_version_are_done(words: list[str], environ: dict[str, str]) -> None:
    command = [sys.executable, "-m", "runtime_manager", *words]
    done = subprocess.run(command, capture_output=True, text=True, env=environ, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_full_disk_is_told_without_a_traceback(
    daemon: CannedDaemon, home: Home, environ: dict[str, str]
) -> None:
    command = [sys.executable, "-m", "runtime_manager", "list", "--home", str(home.root)]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, env=environ, check=False
        )
    assert done.returncode == 1
    assert done.stderr == "rtm: [Errno 28] No space left on device\n"


FORBIDDEN = {"aiohttp", "pydantic", "yaml", "structlog", "asyncio", "subprocess", "http", "email"}


@pytest.mark.parametrize("verb", ["list", "status", "routes"])
def test_fast_verbs_import_nothing_heavy(
    verb: str, daemon: CannedDaemon, home: Home, environ: dict[str, str]
) -> None:
    daemon.answer("GET", "/api/v1/routes", {"routes": []})
    script = (
        "import sys; from runtime_manager.cli.main import main; "
        f"code = main([{verb!r}, '--home', {str(home.root)!r}]); "
        "print(*sys.modules, file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environ, check=True
    )
    assert FORBIDDEN.isdisjoint(done.stderr.split())


def rewrite(home: Home, **facts: object) -> None:
    told = json.loads(home.runtime_json.read_text())
    home.runtime_json.write_text(json.dumps(told | facts))


def test_a_process_that_started_at_another_time_is_not_taken_for_the_daemon(
    daemon: CannedDaemon, home: Home, rtm: Rtm
) -> None:
    rewrite(home, pid=os.getpid(), process_started_at=1.0)
    daemon.answer("GET", "/healthz", {"status": "ok", "nonce": "another's"})
    refused = rtm("list")
    assert refused.code == 3
    assert f"left by a daemon that is gone (pid {os.getpid()})" in refused.err


def test_a_daemon_out_of_sight_is_known_by_its_nonce(
    daemon: CannedDaemon, home: Home, rtm: Rtm
) -> None:
    rewrite(home, process_started_at=1.0)
    daemon.answer("GET", "/healthz", {"status": "ok", "nonce": "n"})
    assert rtm("list").code == 0
    assert ("GET", "/healthz", None) in daemon.asked


def test_a_daemon_in_sight_is_asked_nothing_but_the_question(
    daemon: CannedDaemon, home: Home, rtm: Rtm
) -> None:
    rewrite(home, pid=os.getpid(), process_started_at=process_started_at(os.getpid()))
    assert rtm("list").code == 0
    assert len(daemon.asked) == 1
