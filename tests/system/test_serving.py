"""`serve` itself: how it begins, who may ask it, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import aiohttp
import psutil
import pytest

from runtime_manager.model.namespace import RESERVED
from tests.system.child import Daemon, HomeFolder, environment

PORT = ("--port", "{port}")
RTM = (sys.executable, "-m", "runtime_manager")


def test_it_says_where_it_listens_in_one_line(daemon: Daemon) -> None:
    said = daemon.announced
    assert said["event"] == "listening"
    assert said["pid"] == daemon.process.pid
    assert said["api"] == 1
    assert Path(said["token_file"]).stat().st_mode & 0o777 == 0o600
    healthy = daemon.ask("/healthz", has_token=False)
    assert healthy.status == 200
    assert healthy.json["version"] == said["version"]


def test_a_second_serve_points_at_the_first_and_ends_well(daemon: Daemon) -> None:
    told = daemon.rtm("serve", "--listen", "127.0.0.1:0")
    assert told.returncode == 0
    assert daemon.url in told.stdout
    announced = daemon.rtm("serve", "--announce", "json")
    assert announced.returncode == 0
    assert json.loads(announced.stdout) == daemon.announced | {"existing": True}


def test_a_second_serve_under_a_service_manager_is_a_failure(daemon: Daemon) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "runtime_manager", "serve", "--home", str(daemon.home.root)],
        env=environment(NOTIFY_SOCKET="/nonexistent/notify"),
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert second.returncode == 1


def test_a_bad_setting_ends_serve_with_78_and_names_the_line(home: HomeFolder) -> None:
    (home.root / "config.yaml").write_text("listen: 127.0.0.1:0\nlitsen: x\n")
    ended = subprocess.run(
        [sys.executable, "-m", "runtime_manager", "serve", "--home", str(home.root)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 78
    assert "config.yaml:2" in ended.stderr
    assert "litsen" in ended.stderr


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_end_it_ends_well_and_leaves_nothing(
    home: HomeFolder, start_daemon: Callable[..., Daemon], tmp_path: Path, signum: int
) -> None:
    home.add("plain")
    home.add("parent", *PORT, "--grandchild", str(tmp_path / "grandchild"))
    home.add("leaver", *PORT, "--setsid-child", str(tmp_path / "leaver"))
    daemon = start_daemon()
    daemon.wait_for("plain", "parent", "leaver")
    assert len(home.alive()) == 5
    assert daemon.stop(signum) == 0
    assert not home.alive()
    assert not (home.root / "run" / "runtime.json").exists()
    assert daemon.rtm("list").returncode == 3


@pytest.mark.parametrize(
    "log_is_read",
    [
        True,
        False,
    ],
    ids=["with a reader of its log", "and the reader of its log is gone too"],
)
def test_it_ends_with_its_parents_pipe(home: HomeFolder, *, log_is_read: bool) -> None:
    home.add("child")
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "runtime_manager", "serve", "--home", str(home.root)),
            *("--listen", "127.0.0.1:0", "--announce", "json", "--exit-on-stdin-eof"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if log_is_read else subprocess.PIPE,
        env=environment(),
    )
    with process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            assert json.loads(process.stdout.readline())["event"] == "listening"
            waited = subprocess.run(
                [*RTM, "wait", "child", "--home", str(home.root)], check=False, timeout=30
            )
            assert waited.returncode == 0
            if process.stderr is not None:
                process.stderr.close()
            process.stdin.close()
            assert process.wait(timeout=10) == 0
            assert not home.alive()
        finally:
            process.kill()


def test_without_the_token_nothing_is_told(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    home.add("private")
    home.add("open", public=True)
    daemon = start_daemon()
    daemon.wait_for("private", "open")
    for path in ("/api/v1/providers", "/api/v1/private/", "/api/v1/events", "/metrics"):
        assert daemon.ask(path, has_token=False).status == 401, path
    wrong = {"Authorization": "Bearer wrong"}
    assert daemon.ask("/api/v1/providers", has_token=False, headers=wrong).status == 401
    right = {"Authorization": f"Bearer {daemon.token}"}
    assert daemon.ask("/api/v1/providers", has_token=False, headers=right).status == 200
    assert daemon.ask("/api/v1/open/", has_token=False).status == 200


def test_every_path_of_the_api_is_its_own_and_reached_through_the_gateway(daemon: Daemon) -> None:
    described = daemon.ask("/api/v1/openapi.json").json["paths"]
    api = [path for path in described if path.startswith("/api/v1/")]
    assert "/api/v1/reload" in api
    for path in api:
        answer = daemon.ask(path.replace("{code}", "x"), method="OPTIONS")
        assert b"no-route" not in answer.body, path
        assert path.split("/")[3] in RESERVED, path


def test_a_foreign_host_or_origin_is_turned_away(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    home.add("here", public=True)
    daemon = start_daemon()
    daemon.wait_for("here")
    for path in ("/api/v1/providers", "/api/v1/here/", "/healthz"):
        assert daemon.ask(path, host="rebound.example").status == 421, path
    evil = {"Origin": "http://evil.example"}
    assert daemon.ask("/api/v1/here/", headers=evil).status == 403
    assert daemon.ask("/api/v1/providers", headers=evil).status == 403
    refused = daemon.ask("/api/v1/nowhere/")
    assert refused.status == 404
    assert refused.headers["content-type"] == "application/problem+json"


async def test_a_web_socket_of_a_foreign_page_is_turned_away(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    home.add("here", public=True)
    daemon = start_daemon()
    daemon.wait_for("here")
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(
                f"{daemon.url}/api/v1/here/ws", headers={"Origin": "http://evil.example"}
            )
    assert refused.value.status == 403


def test_a_provider_is_reached_by_name_without_its_prefix(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    home.add("cool")
    daemon = start_daemon()
    daemon.wait_for("cool")
    seen = daemon.ask("/api/v1/cool/a?b=1").json
    assert seen["path"] == "/a?b=1"
    by_name = daemon.ask("/a?b=1", host=daemon.name("cool")).json
    assert by_name["path"] == "/a?b=1"
    assert daemon.ask("/api/v1/providers", host=daemon.name("cool")).json["path"]


def test_the_environment_of_a_provider_is_what_was_promised(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    home.add("spy", env={"SAID": "{code} at {port}"}, env_pass=["WANTED"])
    daemon = start_daemon(SECRET="s", WANTED="w", INVOCATION_ID="i")
    daemon.wait_for("spy")
    provider = daemon.provider("spy")
    environ = psutil.Process(provider["pid"]).environ()
    assert environ["RTM_INSTANCE"] == f"{home.marker}spy/{provider['generation']}"
    port = provider["endpoint"].rpartition(":")[2]
    assert environ["PORT"] == port
    assert environ["SAID"] == f"spy at {port}"
    assert environ["WANTED"] == "w"
    assert environ["PROVIDER_NAMESPACE"] == "/api/v1/spy"
    assert Path(environ["PROVIDER_DATA_DIR"]).is_dir()
    assert not {"SECRET", "INVOCATION_ID"} & environ.keys()
    assert os.environ["PATH"] == environ["PATH"]


def test_one_with_an_inherited_socket_refuses_nobody_while_it_restarts(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    home.add("steady", "--fd", listen="fd")
    daemon = start_daemon()
    daemon.wait_for("steady")
    before = daemon.provider("steady")["generation"]
    restart = "/api/v1/providers/steady/restart"
    headers = {"Content-Type": "application/json"}
    assert daemon.ask(restart, method="POST", headers=headers).status == 202
    statuses = []
    while daemon.provider("steady")["generation"] == before:
        statuses.append(daemon.ask("/api/v1/steady/").status)
    statuses.append(daemon.ask("/api/v1/steady/").status)
    assert set(statuses) == {200}


def test_what_a_provider_prints_is_kept_and_told(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    home.add("loud", *PORT, "--echo", "to stdout", "--stderr", "to stderr")
    daemon = start_daemon()
    daemon.wait_for("loud")
    logs = daemon.rtm("logs", "loud")
    assert logs.returncode == 0
    assert "to stdout" in logs.stdout
    assert "to stderr" in logs.stdout
    plain = daemon.ask(
        "/api/v1/providers/loud/logs?stream=stderr", headers={"Accept": "text/plain"}
    )
    assert "to stderr" in plain.text
    assert "to stdout" not in plain.text
    written = b"".join(f.read_bytes() for f in (home.root / "logs" / "loud").iterdir())
    assert b"to stdout" in written


def test_a_browser_gets_in_by_an_address_that_works_once(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    home.add("page")
    daemon = start_daemon()
    daemon.wait_for("page")
    opened = daemon.rtm("open", "page", "--print")
    assert opened.returncode == 0
    address = opened.stdout.strip()
    host = address.split("/")[2]
    assert host == daemon.name("page")
    path = address.removeprefix(f"http://{host}")
    entered = daemon.ask(path, host=host, has_token=False)
    assert entered.status == 303
    cookie = entered.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    session = {"Cookie": cookie.split(";")[0] + "; theirs=1"}
    seen = daemon.ask("/x", host=host, has_token=False, headers=session)
    assert seen.status == 200
    assert "rtm_session" not in seen.text
    assert "theirs=1" in seen.text
    assert daemon.ask("/api/v1/providers", has_token=False, headers=session).status in (401, 403)
    assert daemon.ask(path, host=host, has_token=False).status != 303
