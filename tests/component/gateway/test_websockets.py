"""Protocol switches: the handshake passes, and after it a raw tunnel."""

from __future__ import annotations

import asyncio

import pytest

HANDSHAKE = (
    b"GET /ns/ws%2Fx?a=b HTTP/1.1\r\nHost: @@\r\n"
    b"UpGrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"
    b"Cookie: c=1\r\nOrigin: http://@@\r\n\r\n"
)
SWITCH = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: b\r\n\r\n"
)


@pytest.fixture
async def ends(bench):
    """Both ends of an open tunnel."""
    provider = await bench.provider()
    await bench.open(bench.route(provider))
    client = await bench.client()
    await client.send(bench.filled(HANDSHAKE))
    line = await provider.accepted()
    await line.head()
    await line.send(SWITCH)
    await client.head()
    return client, line


async def test_the_handshake_passes_both_ways(bench):
    provider = await bench.provider()
    await bench.open(bench.route(provider))
    client = await bench.client()
    await client.send(bench.filled(HANDSHAKE))
    line = await provider.accepted()
    head = await line.head()
    assert head.startswith(b"GET /ws%2Fx?a=b HTTP/1.1\r\n")
    for expected in (
        bench.filled(b"Host: @@"),
        b"Upgrade: WebSocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Protocol: a, b",
        b"Sec-WebSocket-Extensions: permessage-deflate",
        b"Cookie: c=1",
    ):
        assert b"\r\n" + expected + b"\r\n" in head
    await line.send(SWITCH + b"first")
    answer = await client.head()
    assert answer.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    for expected in (
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Protocol: b",
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
    ):
        assert b"\r\n" + expected + b"\r\n" in answer
    assert await client.exactly(5) == b"first"


async def test_bytes_pass_untouched_and_in_any_amount(ends):
    client, line = ends
    data = bytes(range(256)) * 16384
    sent = asyncio.gather(client.send(data), line.send(data))
    assert await line.exactly(len(data)) == data
    assert await client.exactly(len(data)) == data
    await sent


async def test_what_is_sent_ahead_of_the_switch_arrives(bench):
    provider = await bench.provider()
    await bench.open(bench.route(provider))
    client = await bench.client()
    await client.send(bench.filled(HANDSHAKE) + b"early")
    line = await provider.accepted()
    await line.head()
    await client.send(b" bird")
    await line.send(SWITCH)
    assert await line.exactly(10) == b"early bird"


@pytest.mark.parametrize("dying", [0, 1])
async def test_when_one_end_goes_the_other_goes(bench, ends, dying):
    ends[dying].abort()
    assert await ends[1 - dying].ended() == b""
    assert await asyncio.wait_for(bench.recorder.settlements.get(), 5) == ("cool", 1)


async def test_an_open_tunnel_is_in_flight(bench, ends):
    assert bench.gateway.in_flight("cool", 1) == 1


async def test_a_refused_handshake_passes_with_its_body(bench, says):
    refusal = b"HTTP/1.1 403 No\r\nContent-Length: 4\r\n\r\nnope"
    await bench.open(bench.route(await bench.provider(says(refusal))))
    client = await bench.client()
    for _ in range(2):
        answer = await client.ask(bench.filled(HANDSHAKE))
        assert (answer.status, answer.body) == (403, b"nope")


async def test_a_foreign_origin_is_refused_before_the_provider_is_touched(bench):
    provider = await bench.provider()
    await bench.open(bench.route(provider))
    answer = await bench.ask(HANDSHAKE.replace(b"http://@@", b"http://evil.example"))
    assert (answer.status, provider.connections) == (403, 0)


async def test_a_tunnel_outlives_a_new_table(bench, ends):
    client, line = ends
    bench.publish()
    await client.send(b"ping")
    assert await line.exactly(4) == b"ping"
    client.close()
    assert await asyncio.wait_for(bench.recorder.settlements.get(), 5) == ("cool", 1)


async def test_a_unix_socket_provider_may_switch_too(bench):
    provider = await bench.provider(on_unix=True)
    await bench.open(bench.route(provider))
    client = await bench.client()
    await client.send(bench.filled(HANDSHAKE))
    line = await provider.accepted()
    await line.head()
    await line.send(SWITCH)
    await client.head()
    await line.send(b"x")
    assert await client.exactly(1) == b"x"
