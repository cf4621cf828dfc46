"""Bodies in both directions: streamed, bounded, cut short."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib

import pytest

from runtime_manager.gateway.limits import GatewayLimits

BIG = 8 * 1024 * 1024


async def test_a_large_sized_body_passes_both_ways(bench):
    async def script(line):
        while True:
            await line.head()
            digest = hashlib.sha256(await line.exactly(BIG)).digest()
            await line.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (BIG + 32) + digest)
            await line.send(bytes(BIG))

    provider = await bench.provider(script)
    await bench.open(bench.route(provider))
    client = await bench.client()
    body = bytes(range(256)) * (BIG // 256)
    for _ in range(2):  # the connections on both sides can be used again
        head = b"PUT /ns/ HTTP/1.1\r\nHost: @@\r\nContent-Length: %d\r\n\r\n" % BIG
        await client.send(bench.filled(head) + body)
        assert b" 200 OK" in await client.head()
        assert await client.exactly(32) == hashlib.sha256(body).digest()
        assert await client.exactly(BIG) == bytes(BIG)
    assert provider.connections == 1


async def test_a_large_chunked_body_passes_both_ways(bench):
    size = 100_000

    async def script(line):
        await line.head()
        await line.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while (chunk := int(await line.until(b"\r\n"), 16)) > 0:
            data = await line.exactly(chunk + 2)
            await line.send(b"%x\r\n%b" % (chunk, data))
        await line.until(b"\r\n")
        await line.send(b"0\r\n\r\n")

    await bench.open(bench.route(await bench.provider(script)))
    client = await bench.client()
    await client.send(
        bench.filled(b"POST /ns/ HTTP/1.1\r\nHost: @@\r\nTransfer-Encoding: chunked\r\n\r\n")
    )
    for _ in range(20):
        await client.send(b"%x\r\n%b\r\n" % (size, bytes(size)))
    await client.send(b"0\r\n\r\n")
    head = await client.head()
    assert b"chunked" in head
    received = 0
    while (chunk := int(await client.until(b"\r\n"), 16)) > 0:
        await client.exactly(chunk + 2)
        received += chunk
    assert received == 20 * size


async def test_a_client_that_does_not_read_makes_the_provider_wait(bench):
    provider = await bench.provider()
    await bench.open(bench.route(provider))
    client = await bench.client()
    client.writer.transport.pause_reading()
    await client.send(bench.filled(b"GET /ns/ HTTP/1.1\r\nHost: @@\r\n\r\n"))
    line = await provider.accepted()
    await line.head()
    total = 64 * 1024 * 1024
    await line.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total)
    line.writer.write(bytes(total))
    drained = asyncio.ensure_future(line.writer.drain())
    done, _ = await asyncio.wait({drained}, timeout=0.5)
    assert not done
    client.writer.transport.resume_reading()
    await client.head()
    assert await client.exactly(total) == bytes(total)
    await drained


async def test_continue_comes_from_the_provider(bench):
    provider = await bench.provider()
    await bench.open(bench.route(provider))
    client = await bench.client()
    await client.send(
        bench.filled(
            b"POST /ns/ HTTP/1.1\r\nHost: @@\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        )
    )
    line = await provider.accepted()
    assert b"Expect: 100-continue\r\n" in await line.head()
    await line.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert await client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
    await client.send(b"ab")
    assert await line.exactly(2) == b"ab"
    await line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert (await client.answer()).status == 200


@pytest.mark.parametrize("closes", [False, True])
async def test_an_early_answer_reaches_a_client_that_still_uploads(bench, closes):
    provider = await bench.provider()
    await bench.open(bench.route(provider))
    client = await bench.client()
    head = b"POST /ns/ HTTP/1.1\r\nHost: @@\r\nContent-Length: %d\r\n\r\n" % (64 * BIG)
    await client.send(bench.filled(head) + bytes(1000))
    line = await provider.accepted()
    await line.head()
    await line.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
    if closes:
        line.abort()
    client.writer.write(bytes(BIG))  # goes on regardless
    answer = await client.answer()
    assert (answer.status, answer.body) == (413, b"big")
    assert answer[b"connection"] == b"close"
    client.abort()


async def test_limits_of_the_body_hold_for_both_framings(bench, echo):
    await bench.open(
        bench.route(await bench.provider(echo)), limits=GatewayLimits(body_limit_bytes=10)
    )
    sized = await bench.ask(
        b"POST /ns/ HTTP/1.1\r\nHost: @@\r\nContent-Length: 11\r\n\r\n01234567890"
    )
    chunked = await bench.ask(
        b"POST /ns/ HTTP/1.1\r\nHost: @@\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"b\r\n01234567890\r\n0\r\n\r\n"
    )
    fits = await bench.ask(
        b"POST /ns/ HTTP/1.1\r\nHost: @@\r\nContent-Length: 10\r\n\r\n0123456789"
    )
    assert (sized.status, chunked.status, fits.status) == (413, 413, 200)


async def test_limits_of_the_head_hold_in_one_read_and_in_many(bench, echo):
    limits = GatewayLimits(head_limit_bytes=1000, header_limit=10)
    provider = await bench.provider(echo)
    await bench.open(bench.route(provider), limits=limits)
    long_target = await bench.get(b"/ns/" + b"x" * 600)
    long_line = await bench.get(b"/ns/", b"X: " + b"y" * 1000)
    many_lines = await bench.get(b"/ns/", *[b"X: y"] * 10)
    many_dropped = await bench.get(b"/ns/", *[b"Keep-Alive: y"] * 10)
    assert [a.status for a in (long_target, long_line, many_lines, many_dropped)] == [
        414,
        431,
        431,
        431,
    ]
    client = await bench.client()
    await client.send(bench.filled(b"GET /ns/ HTTP/1.1\r\nHost: @@\r\nX: "))
    answer = asyncio.ensure_future(client.answer())
    while not answer.done():
        client.writer.write(b"y" * 100)
        await asyncio.sleep(0)
    assert (await answer).status == 431
    client.abort()
    assert provider.connections == 0


async def test_garbage_inside_a_chunked_body_ends_both_sides(bench):
    provider = await bench.provider()
    await bench.open(bench.route(provider))
    client = await bench.client()
    await client.send(
        bench.filled(
            b"POST /ns/ HTTP/1.1\r\nHost: @@\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
        )
    )
    line = await provider.accepted()
    await line.head()
    assert await line.exactly(8) == b"3\r\nabc\r\n"
    await client.send(b"zz\r\n")
    assert (await client.answer()).status == 400
    assert b"0\r\n" not in await line.ended()


async def test_a_body_behind_a_request_for_h2c_is_read(bench, echo):
    await bench.open(bench.route(await bench.provider(echo)))
    upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n"
    sized = await bench.ask(
        b"POST /ns/ HTTP/1.1\r\nHost: @@\r\n" + upgrade + b"Content-Length: 3\r\n\r\nabc"
    )
    chunked = await bench.ask(
        b"POST /ns/ HTTP/1.1\r\nHost: @@\r\n"
        + upgrade
        + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    )
    assert sized.body.endswith(b"\r\n\r\nabc")
    assert chunked.body.endswith(b"\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    client = await bench.client()
    request = bench.filled(b"GET /ns/ HTTP/1.1\r\nHost: @@\r\n" + upgrade + b"\r\n")
    for _ in range(2):
        assert (await client.ask(request)).status == 200


@pytest.mark.parametrize(
    "endless", [b"X-Trailer: " + b"y" * 1000 + b"\r\n", b"y" * 1000], ids=["lines", "one line"]
)
async def test_what_is_no_body_of_a_chunked_request_is_bounded(bench, endless):
    """Trailers without end, and a chunk's extension without end."""
    provider = await bench.provider()
    await bench.open(bench.route(provider))
    client = await bench.client()
    await client.send(
        bench.filled(b"POST /ns/ HTTP/1.1\r\nHost: @@\r\nTransfer-Encoding: chunked\r\n\r\n")
    )
    await (await provider.accepted()).head()
    await client.send(b"3\r\nabc\r\n0\r\n" if b":" in endless else b"3;x=")
    with contextlib.suppress(ConnectionError):
        for _ in range(1000):
            await client.send(endless)
    assert b"431" in await client.ended()
