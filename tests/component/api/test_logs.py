"""What a provider printed, over HTTP."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient

from runtime_manager.clock import SystemClock
from runtime_manager.process.log_file import LogWriter, RotatedFile
from runtime_manager.process.output import Output
from runtime_manager.process.spawn import Launch, spawn

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


async def test_a_real_program_is_followed_to_its_end(
    client: Client, supervisor: Any, tmp_path: Path
) -> None:
    writer = LogWriter()
    file = RotatedFile(tmp_path / "output.log", max_bytes=10_000, files=2)
    output = Output(clock=SystemClock(), writer=writer, file=file, ring_lines=100)
    supervisor.outputs["echo"] = output
    program = "import sys; print('out'); sys.stdout.flush(); print('err', file=sys.stderr)"
    async with client.get(f"{LOGS}?follow=1") as response:
        child = spawn(Launch((sys.executable, "-I", "-S", "-c", program), {}, tmp_path))
        output.attach(child, generation=3)
        await child.wait()
        output.detach(child)
        output.close()
        async with asyncio.timeout(5):
            lines = [json.loads(line) for line in (await response.text()).splitlines()]
    writer.close()
    assert {(line["generation"], line["stream"], line["text"]) for line in lines} == {
        (3, "stdout", "out"),
        (3, "stderr", "err"),
    }
