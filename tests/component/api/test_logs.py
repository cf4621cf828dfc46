"""What a provider printed, over HTTP."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp.test_utils import TestClient

Client = TestClient[Any, Any]
LOGS = "/api/v1/providers/echo/logs"


async def test_the_last_lines_are_told_as_ndjson(client: Client, supervisor: Any) -> None:
    for number in range(1, 6):
        supervisor.outputs["echo"].say(f"line {number}")
    response = await client.get(f"{LOGS}?tail=2")
    assert response.content_type == "application/x-ndjson"
    lines = [json.loads(line) for line in (await response.text()).splitlines()]
    assert [(line["number"], line["text"]) for line in lines] == [(4, "line 4"), (5, "line 5")]


async def test_one_stream_alone_can_be_asked_for_as_text(client: Client, supervisor: Any) -> None:
    output = supervisor.outputs["echo"]
    output.say("fine")
    output.say("<b>bad</b>", "stderr")
    response = await client.get(f"{LOGS}?stream=stderr", headers={"Accept": "text/plain"})
    assert response.content_type == "text/plain"
    assert await response.text() == "<b>bad</b>\n"


async def test_following_goes_on_after_the_last_line_without_a_gap(
    client: Client, supervisor: Any
) -> None:
    output = supervisor.outputs["echo"]
    output.say("old")
    async with client.get(f"{LOGS}?tail=0&follow=1") as response:
        output.say("skipped", "stderr")
        output.say("new")
        async with asyncio.timeout(5):
            lines = [json.loads(await response.content.readline()) for _ in range(2)]
            assert [line["text"] for line in lines] == ["skipped", "new"]
            output.end()
            assert await response.content.read() == b""


async def test_following_one_stream_leaves_out_the_other(client: Client, supervisor: Any) -> None:
    output = supervisor.outputs["echo"]
    async with client.get(f"{LOGS}?follow=1&stream=stderr") as response:
        output.say("out")
        output.say("err", "stderr")
        async with asyncio.timeout(5):
            assert json.loads(await response.content.readline())["text"] == "err"


async def test_a_provider_that_printed_nothing_has_no_lines(client: Client) -> None:
    response = await client.get(LOGS)
    assert (response.status, await response.text()) == (200, "")
