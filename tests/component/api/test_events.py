"""The event stream: a snapshot, then what happens; missed events are told to who comes back."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from runtime_manager.api.app import build_app, serving
from runtime_manager.api.parts import ApiParts, StreamLimits

Client = TestClient[Any, Any]
Eventually = Callable[[Callable[[], bool]], Awaitable[None]]
EVENTS = "/api/v1/events"


class Reader:
    """Reads messages as a browser does."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._content = response.content
        self.comments = 0

    async def message(self) -> dict[str, str]:
        fields: dict[str, str] = {}
        async with asyncio.timeout(5):
            while True:
                line = (await self._content.readline()).decode()
                assert line, "the stream ended"
                if line.startswith(":"):
                    self.comments += 1
                elif line == "\n" and fields:
                    return fields
                elif line != "\n":
                    name, _, value = line.rstrip("\n").partition(": ")
                    fields[name] = value


async def test_it_begins_with_a_snapshot_under_the_last_number(
    client: Client, supervisor: Any
) -> None:
    supervisor.change("echo", state="unhealthy")
    async with client.get(EVENTS) as response:
        assert response.content_type == "text/event-stream"
        message = await Reader(response).message()
    assert (message["id"], message["event"]) == ("01234567-1", "snapshot")
    snapshot = json.loads(message["data"])
    assert snapshot["number"] == 1
    assert {p["code"]: p["state"] for p in snapshot["providers"]} == {
        "broken": "failed",
        "echo": "unhealthy",
        "odd": "invalid",
    }


async def test_events_follow_with_number_time_and_data(client: Client, supervisor: Any) -> None:
    async with client.get(EVENTS) as response:
        reader = Reader(response)
        await reader.message()
        supervisor.events.publish(
            "provider.state", code="echo", generation=2, **{"from": "ready", "to": "stopping"}
        )
        message = await reader.message()
    assert (message["id"], message["event"]) == ("01234567-1", "provider.state")
    event = json.loads(message["data"])
    assert event.pop("at").endswith("Z")
    assert event == {
        "number": 1,
        "name": "provider.state",
        "code": "echo",
        "generation": 2,
        "data": {"from": "ready", "to": "stopping"},
    }


async def test_who_comes_back_is_told_what_was_missed_and_no_snapshot(
    client: Client, supervisor: Any
) -> None:
    for name in ("one", "two", "three"):
        supervisor.events.publish(name)
    async with client.get(EVENTS, headers={"Last-Event-ID": "01234567-1"}) as response:
        reader = Reader(response)
        assert [(await reader.message())["event"] for _ in range(2)] == ["two", "three"]
        supervisor.events.publish("four")
        assert (await reader.message())["event"] == "four"


@pytest.mark.parametrize("last", ["01234567-9", "ffffffff-1", "1", "x", "01234567-", "01234567-²"])
async def test_who_comes_back_from_elsewhere_gets_a_new_snapshot(
    client: Client, supervisor: Any, last: str
) -> None:
    supervisor.events.publish("one")
    async with client.get(EVENTS, headers={"Last-Event-ID": last}) as response:
        assert (await Reader(response).message())["event"] == "snapshot"


async def test_a_reader_of_one_provider_is_told_of_that_one(
    client: Client, supervisor: Any
) -> None:
    async with client.get(f"{EVENTS}?code=echo") as response:
        reader = Reader(response)
        providers = json.loads((await reader.message())["data"])["providers"]
        assert [p["code"] for p in providers] == ["echo"]
        supervisor.events.publish("provider.state", code="broken")
        supervisor.events.publish("provider.state", code="echo")
        assert json.loads((await reader.message())["data"])["code"] == "echo"


async def test_nobody_can_watch_a_provider_that_does_not_exist(client: Client) -> None:
    response = await client.get(f"{EVENTS}?code=ecko")
    assert response.status == 404


async def test_silence_is_filled_with_comments(client: Client, supervisor: Any) -> None:
    async with client.get(EVENTS) as response:
        reader = Reader(response)
        await reader.message()
        async with asyncio.timeout(5):
            assert (await response.content.readline()).startswith(b":")
        supervisor.events.publish("one")
        assert (await reader.message())["event"] == "one"


async def test_it_ends_after_the_daemon_has_said_that_it_stops(
    client: Client, supervisor: Any
) -> None:
    async with client.get(EVENTS) as response:
        reader = Reader(response)
        await reader.message()
        supervisor.events.publish("daemon.stopping")
        assert (await reader.message())["event"] == "daemon.stopping"
        assert await response.content.read() == b""


async def test_a_stream_cannot_be_asked_for_its_head(client: Client) -> None:
    assert (await client.head(EVENTS)).status == 405


@asynccontextmanager
async def serving_at(path: Path, app: web.Application) -> AsyncIterator[None]:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
        sock.listen()
        async with serving(app, sock):
            yield


@pytest.mark.usefixtures("no_tasks_left")
async def test_open_streams_end_with_the_application(
    app: web.Application, supervisor: Any, tmp_path: Path
) -> None:
    path = tmp_path / "api.sock"
    connector = aiohttp.UnixConnector(str(path))
    async with aiohttp.ClientSession("http://localhost", connector=connector) as session:
        async with serving_at(path, app):
            events = await session.get(EVENTS)
            logs = await session.get("/api/v1/providers/echo/logs?follow=1")
            await Reader(events).message()
        async with asyncio.timeout(5):
            await events.content.read()
            await logs.content.read()
    assert supervisor.outputs["echo"].followers == 0


@pytest.mark.usefixtures("no_tasks_left")
async def test_a_reader_who_leaves_leaves_nothing_behind(
    client: Client, supervisor: Any, eventually: Eventually
) -> None:
    response = await client.get("/api/v1/providers/echo/logs?follow=1")
    await eventually(lambda: bool(supervisor.outputs["echo"].followers == 1))
    response.close()
    await eventually(lambda: bool(supervisor.outputs["echo"].followers == 0))


async def test_a_slow_reader_is_cut_off_and_may_come_back(
    parts: ApiParts, supervisor: Any, tmp_path: Path
) -> None:
    """It reads nothing while more comes than the socket and its share of the log can hold."""
    path = tmp_path / "api.sock"
    app = build_app(replace(parts, limits=StreamLimits(keep_alive_s=60, stall_s=60)))
    async with serving_at(path, app):
        reader, writer = await asyncio.open_unix_connection(str(path), limit=1024)
        writer.write(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b"snapshot")
        for _ in range(200):
            supervisor.events.publish("big", text="x" * 65536)
            await asyncio.sleep(0)
        read = 0
        try:
            async with asyncio.timeout(10):
                while piece := await reader.read(65536):
                    read += len(piece)
        except ConnectionResetError:
            pass
        writer.close()
    assert read < 150 * 65536


async def test_a_reader_who_takes_nothing_is_let_go(
    parts: ApiParts, supervisor: Any, tmp_path: Path, eventually: Eventually
) -> None:
    path = tmp_path / "api.sock"
    app = build_app(replace(parts, limits=StreamLimits(keep_alive_s=60, stall_s=0.05)))
    lines = supervisor.outputs["echo"]
    async with serving_at(path, app):
        reader, writer = await asyncio.open_unix_connection(str(path), limit=1024)
        writer.write(
            b"GET /api/v1/providers/echo/logs?follow=1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
        )
        await reader.readuntil(b"HTTP/1.1 200")
        await eventually(lambda: bool(lines.followers == 1))
        for _ in range(200):
            lines.say("x" * 65536)
        await eventually(lambda: bool(lines.followers == 0))
        writer.close()
