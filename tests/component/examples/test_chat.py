"""The chat's WebSocket, against a strict client and against broken bytes."""

from __future__ import annotations

import asyncio
import json
import os
import struct
from collections.abc import Callable
from urllib.parse import urlsplit

import aiohttp
import pytest

HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
FROM_A_CLIENT = 0x80  # the mask bit


def masked(first: int, payload: bytes, *, size: int | None = None) -> bytes:
    """A client's frame with any first byte; `size` claims another length."""
    mask = os.urandom(4)
    length = len(payload) if size is None else size
    if length < 126:
        head = struct.pack("!BB", first, FROM_A_CLIENT | length)
    else:
        head = struct.pack("!BBQ", first, FROM_A_CLIENT | 127, length)
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


async def said(socket: aiohttp.ClientWebSocketResponse) -> str:
    """The next message somebody said, past those about who is here."""
    while True:
        message = await socket.receive_json(timeout=5)
        if message["type"] == "said":
            return message["text"]


async def test_what_one_says_all_hear(start: Callable) -> None:
    url = start("chat").url + "/ws"
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(url) as anna,
        session.ws_connect(url) as bert,
    ):
        await anna.send_str("grüß dich")
        assert await said(bert) == await said(anna) == "grüß dich"
        long = "x" * 60_000
        await bert.send_str(long)
        assert await said(anna) == long


async def test_the_end_of_the_program_closes_with_going_away(start: Callable) -> None:
    example = start("chat")
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(example.url + "/ws") as socket,
    ):
        await socket.receive(timeout=5)  # who is here
        example.process.terminate()
        assert (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE
        assert socket.close_code == 1001
    assert await asyncio.to_thread(example.process.wait, 5) == 0


async def test_a_reader_that_vanishes_does_not_hold_up_the_end(start: Callable) -> None:
    example = start("chat")
    async with raw(example.url) as (reader, _writer):
        await reader.read(2)
        assert await asyncio.to_thread(example.stop) == 0


async def test_a_page_of_another_origin_is_refused(start: Callable) -> None:
    url = start("chat").url + "/ws"
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(url, headers={"Origin": "http://evil.example"})
        assert refused.value.status == 403


def test_a_plain_request_for_the_socket_is_told_to_upgrade(start: Callable) -> None:
    assert start("chat").fetch("/ws")[0] == 426


class raw:  # noqa: N801 - reads as a function
    """A connection after the handshake, for bytes no client would send."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname, parts.port)

    async def __aenter__(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, self._writer = await asyncio.open_connection(*self._address)
        self._writer.write(HANDSHAKE)
        head = await reader.readuntil(b"\r\n\r\n")
        # RFC 6455, 1.3 gives this answer to this key.
        assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in head
        return reader, self._writer

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        await asyncio.wait([asyncio.ensure_future(self._writer.wait_closed())])


async def next_frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    first, size = await asyncio.wait_for(reader.readexactly(2), 5)
    assert size < 126
    return first & 0x0F, await reader.readexactly(size)


async def test_fragments_are_joined_and_a_ping_between_them_is_answered(start: Callable) -> None:
    async with raw(start("chat").url) as (reader, writer):
        await next_frame(reader)
        writer.write(masked(0x01, b"he") + masked(0x89, b"?") + masked(0x80, b"llo"))
        assert await next_frame(reader) == (0xA, b"?")
        _opcode, text = await next_frame(reader)
        assert json.loads(text)["text"] == "hello"


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"\x81\x02hi", 1002),  # not masked
        (masked(0xC1, b"hi"), 1002),  # a reserved bit
        (masked(0x83, b"hi"), 1002),  # a reserved opcode
        (masked(0x80, b"hi"), 1002),  # a continuation of nothing
        (masked(0x01, b"h") + masked(0x81, b"i"), 1002),  # two beginnings
        (masked(0x09, b"?"), 1002),  # a control frame in parts
        (masked(0x82, b"hi"), 1003),  # binary
        (masked(0x81, b"\xff"), 1007),  # not UTF-8
        (masked(0x81, b"", size=1 << 40), 1009),  # far too long
        (masked(0x88, struct.pack("!H", 4000)), 4000),  # the peer's own close code
        (masked(0x88, struct.pack("!H", 1005)), 1002),  # a code that is never sent
        (masked(0x88, b""), 1000),
    ],
)
async def test_broken_frames_end_with_their_close_code(
    start: Callable, sent: bytes, code: int
) -> None:
    async with raw(start("chat").url) as (reader, writer):
        await next_frame(reader)
        writer.write(sent)
        assert await next_frame(reader) == (0x8, struct.pack("!H", code))
        assert await asyncio.wait_for(reader.read(), 5) == b""
