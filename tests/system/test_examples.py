"""What `make run` shows: every example comes up and is reached through the one port."""

from __future__ import annotations

import http.client
import json
import shutil
from collections.abc import Callable
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.system.child import EXAMPLES, Daemon, HomeFolder

CODES = sorted(folder.parent.name for folder in EXAMPLES.glob("*/manifest.yaml"))
MISSING = {"go-hello"} if shutil.which("node") else {"go-hello", "node-time"}
"""`go-hello` is built by who has Go (test_go.py); here it is as in a fresh checkout."""
STARTED = [code for code in CODES if code not in MISSING | {"on-demand"}]


@pytest.fixture
def examples(home: HomeFolder, start_daemon: Callable[..., Daemon]) -> Daemon:
    for code in CODES:
        if code != "go-hello":
            (home.root / "providers" / code).symlink_to(EXAMPLES / code)
    home.add_folder(EXAMPLES / "go-hello", without="go-hello")
    daemon = start_daemon()
    daemon.wait_for(*STARTED)
    return daemon


def test_every_example_is_reached_by_path_and_by_name(examples: Daemon) -> None:
    for code in (*STARTED, "on-demand"):
        assert examples.ask(f"/api/v1/{code}/").status == 200, code
        assert examples.ask("/", host=examples.name(code)).status == 200, code


@pytest.mark.skipif(shutil.which("node") is not None, reason="node is installed")
def test_a_program_that_is_not_installed_is_told_by_name(examples: Daemon) -> None:
    provider = examples.provider("node-time")
    assert provider["state"] == "failed"
    assert "node" in provider["cause"]["message"]


def test_a_program_that_is_not_built_is_told_with_what_to_do(examples: Daemon) -> None:
    provider = examples.provider("go-hello")
    assert provider["state"] == "failed"
    assert provider["cause"]["kind"] == "binary-missing"
    assert provider["cause"]["hint"] == "build it: go build -o go-hello ."


def test_the_chat_works_through_the_gateway_and_its_element_is_served(examples: Daemon) -> None:
    element = examples.provider("chat")["element"]
    assert element["tag"] == "rtm-chat"
    script = examples.ask(element["source"])
    assert script.status == 200
    assert "javascript" in script.headers["content-type"]
    assert b'customElements.define("rtm-chat"' in script.body


async def test_two_people_chat_by_path_and_by_name(examples: Daemon) -> None:
    headers = {"X-RTM-Token": examples.token}
    origin = {"Origin": f"http://{examples.name('chat')}", "Host": examples.name("chat")}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.ws_connect(f"{examples.url}/api/v1/chat/ws") as anna,
        session.ws_connect(f"{examples.url}/ws", headers=origin) as bert,
    ):
        await anna.send_str("hello")
        message = {"type": "here"}
        while message["type"] == "here":
            message = await bert.receive_json(timeout=10)
        assert message == {"type": "said", "text": "hello"}


def test_the_clock_streams_and_takes_up_a_lost_connection(examples: Daemon) -> None:
    first = first_tick(examples, {})
    assert first_tick(examples, {"Last-Event-ID": str(first - 5)}) == first - 4


def first_tick(daemon: Daemon, headers: dict[str, str]) -> int:
    """The id of the first event: it arrives while the stream is open."""
    connection = http.client.HTTPConnection(urlsplit(daemon.url).netloc, timeout=10)
    try:
        connection.request(
            "GET", "/api/v1/clock/events", headers={"X-RTM-Token": daemon.token} | headers
        )
        for line in connection.getresponse():
            if line.startswith(b"id: "):
                return int(line.removeprefix(b"id: "))
        raise AssertionError("the stream ended")
    finally:
        connection.close()


def test_echo_sees_a_clean_path_and_none_of_our_secrets(examples: Daemon) -> None:
    answer = examples.ask(
        "/api/v1/echo/a%2Fb?x=1&&y", method="POST", body=b"hi", headers={"Cookie": "theirs=1"}
    )
    seen = answer.json
    assert (seen["method"], seen["path"], seen["body"]) == ("POST", "/a%2Fb?x=1&&y", "hi")
    assert examples.token not in json.dumps(seen)
    assert ["Cookie", "theirs=1"] in seen["headers"]
