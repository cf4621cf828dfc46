"""Providers and clients that break off, lie, hang or leave."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import socket

import pytest

from runtime_manager.gateway.limits import GatewayLimits
from runtime_manager.model.endpoint import TcpEndpoint

GET = b"GET /ns/ HTTP/1.1\r\nHost: @@\r\n\r\n"
QUICK = GatewayLimits(
    response_timeout_s=0.2,
    client_head_timeout_s=0.2,
    idle_timeout_s=0.2,
    keep_alive_s=0.2,
    connect_timeout_s=0.2,
)


async def test_a_refused_connection_is_502(bench, listening):
    port = listening.getsockname()[1]
    listening.close()
    await bench.open(bench.route(endpoint=TcpEndpoint("127.0.0.1", port)))
    answer = await bench.get(b"/ns/")
    assert answer.status == 502
    assert json.loads(answer.body)["code"] == "provider-refused"
    assert bench.recorder.notes[0][0] == "gateway.fault"


async def test_a_connection_nobody_accepts_is_504(bench):
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen(0)
        name = sock.getsockname()
        others = [socket.socket() for _ in range(3)]
        for other in others:
            other.setblocking(False)
            other.connect_ex(name)
        await bench.open(bench.route(endpoint=TcpEndpoint(*name)), limits=QUICK)
        assert (await bench.get(b"/ns/")).status == 504
        for other in others:
            other.close()


async def test_a_provider_that_never_answers_is_504(bench):
    provider = await bench.provider()
    await bench.open(bench.route(provider), limits=QUICK)
    assert (await bench.get(b"/ns/")).status == 504
    line = await provider.accepted()
    assert (await line.ended()).startswith(b"GET / ")


@pytest.mark.parametrize(
    "garbage",
    [
        b"secret garbage\r\n\r\n",
        b"HTTP/1.1 secret\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nsecret",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nsecret",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 101 secret\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 101 secret\r\n\r\n",
        b"HTTP/1.1 099 secret\r\nContent-Length: 6\r\n\r\nsecret",
        b"HTTP/1.1 000 secret\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret",
        b"HTTP/2.0 200 secret\r\nContent-Length: 6\r\n\r\nsecret",
        b"HTTP/1.1 200 OK\r\nX: " + b"secret" * 100_000,
    ],
)
async def test_an_answer_that_is_not_http_is_502_and_none_of_it_shows(bench, says, garbage):
    await bench.open(bench.route(await bench.provider(says(garbage))))
    answer = await bench.get(b"/ns/")
    assert answer.status == 502
    assert b"secret" not in answer.body
    assert len(bench.recorder.notes) == 1


@pytest.mark.parametrize(
    "cut",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nhalf",
    ],
)
async def test_a_body_cut_short_never_ends_cleanly(bench, says, cut):
    await bench.open(bench.route(await bench.provider(says(cut, then_closes=True))))
    client = await bench.client()
    await client.send(bench.filled(GET))
    got = await client.ended()
    assert b"200 OK" in got
    assert b"half" in got
    assert not got.endswith(b"0\r\n\r\n")


async def test_a_cut_body_is_a_reset_for_http_1_0(bench, says):
    cut = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"
    provider = await bench.provider()
    await bench.open(bench.route(provider))
    client = await bench.client()
    await client.send(bench.filled(b"GET /ns/ HTTP/1.0\r\nHost: @@\r\n\r\n"))
    line = await provider.accepted()
    await line.head()
    await line.send(cut)
    assert (await client.until(b"half")).endswith(b"half")
    line.close()
    with pytest.raises(ConnectionResetError):
        await client.rest()


@pytest.mark.parametrize("method", [b"GET", b"POST"])
async def test_no_answer_at_all_is_502(bench, method):
    async def script(line):
        await line.head()

    await bench.open(bench.route(await bench.provider(script)))
    answer = await bench.ask(method + b" /ns/ HTTP/1.1\r\nHost: @@\r\nContent-Length: 0\r\n\r\n")
    assert answer.status == 502


async def test_a_client_that_leaves_takes_the_request_with_it(bench):
    provider = await bench.provider()
    await bench.open(bench.route(provider))
    client = await bench.client()
    await client.send(bench.filled(GET))
    line = await provider.accepted()
    await line.head()
    client.close()
    assert await line.ended() == b""
    assert await asyncio.wait_for(bench.recorder.settlements.get(), 5) == ("cool", 1)
    assert bench.gateway.in_flight("cool", 1) == 0


async def test_a_stale_connection_is_tried_again_for_get_only(bench):
    heads = []

    async def script(line):
        """Answers one request, and leaves when the second has come."""
        heads.append(await line.head())
        await line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        heads.append(await line.head())

    provider = await bench.provider(script)
    await bench.open(bench.route(provider))
    client = await bench.client()
    assert (await client.ask(bench.filled(GET))).status == 200
    assert (await client.ask(bench.filled(GET))).status == 200
    assert (provider.connections, len(heads)) == (2, 3)
    post = bench.filled(b"POST /ns/ HTTP/1.1\r\nHost: @@\r\nContent-Length: 0\r\n\r\n")
    assert (await client.ask(post)).status == 502
    assert (provider.connections, len(heads)) == (2, 4)


async def test_a_post_takes_no_connection_the_provider_has_closed(bench):
    async def script(line):
        await line.head()
        await line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    provider = await bench.provider(script)
    await bench.open(bench.route(provider))
    client = await bench.client()
    post = bench.filled(b"POST /ns/ HTTP/1.1\r\nHost: @@\r\nContent-Length: 0\r\n\r\n")
    for _ in range(20):
        assert (await client.ask(post)).status == 200


async def test_bytes_on_an_idle_connection_are_given_to_nobody(bench):
    provider = await bench.provider()
    await bench.open(bench.route(provider))
    client = await bench.client()
    await client.send(bench.filled(GET))
    first = await provider.accepted()
    await first.head()
    await first.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n")
    assert (await client.answer()).body == b"ok"
    assert await first.ended() == b""
    await client.send(bench.filled(GET))
    second = await provider.accepted()
    await second.head()
    await second.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew")
    assert (await client.answer()).body == b"new"


async def test_a_hung_provider_slows_no_other(bench, echo):
    hung = await bench.provider()
    routes = [
        bench.route(hung, prefix="/hung", code="hung", name="hung"),
        bench.route(await bench.provider(echo)),
    ]
    await bench.open(*routes)
    clients = [await bench.client() for _ in range(20)]
    for client in clients:
        await client.send(bench.filled(b"GET /hung/ HTTP/1.1\r\nHost: @@\r\n\r\n"))
    assert (await bench.get(b"/ns/")).status == 200
    assert bench.gateway.in_flight("hung", 1) == 20


async def test_further_requests_wait_for_a_connection_that_comes_free(bench):
    provider = await bench.provider()
    await bench.open(bench.route(provider, max_upstream=1))
    clients = [await bench.client() for _ in range(3)]
    for client in clients:
        await client.send(bench.filled(GET))
    line = await provider.accepted()
    for _ in clients:
        await line.head()
        await line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    for client in clients:
        assert (await client.answer()).body == b"ok"
    assert provider.connections == 1


async def test_slow_heads_bodies_and_idle_connections_end_in_time(bench):
    provider = await bench.provider()
    await bench.open(bench.route(provider), limits=QUICK)
    silent, slow_head, slow_body = [await bench.client() for _ in range(3)]
    await slow_head.send(b"GET /ns/ HTTP/1.1\r\nHo")
    await slow_body.send(
        bench.filled(b"POST /ns/ HTTP/1.1\r\nHost: @@\r\nContent-Length: 10\r\n\r\nab")
    )
    assert await silent.ended() == b""
    assert (await slow_head.answer()).status == 408
    assert (await slow_body.answer()).status == 408


async def test_a_stream_in_which_nothing_moves_is_ended(bench):
    provider = await bench.provider()
    await bench.open(bench.route(provider), limits=QUICK)
    client = await bench.client()
    await client.send(bench.filled(GET))
    line = await provider.accepted()
    await line.head()
    await line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab")
    assert (await client.ended()).endswith(b"ab")
    assert await line.ended() == b""


async def test_one_connection_too_many_is_told_so(bench, echo):
    limits = GatewayLimits(max_connections=2)
    await bench.open(bench.route(await bench.provider(echo)), limits=limits)
    clients = [await bench.client() for _ in range(2)]
    for client in clients:
        assert (await client.ask(bench.filled(GET))).status == 200
    assert (await bench.get(b"/ns/")).status == 503


async def test_who_calls_while_the_gateway_rests_is_answered_afterwards(bench, echo):
    await bench.open(bench.route(await bench.provider(echo)))
    bench.gateway.rest()
    client = await bench.client()
    asked = asyncio.create_task(client.ask(bench.filled(GET)))
    await asyncio.sleep(0)
    await bench.gateway.resume()
    assert (await asked).status == 200


async def test_the_last_descriptors_are_not_for_callers(bench, echo):
    await bench.open(bench.route(await bench.provider(echo)))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    low = max(_lowest_free(), 24) * 4 // 3
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (low, hard))
        spare = [os.dup(0) for _ in range(max(0, low - low // 4 - _lowest_free()))]
        bench.gateway._engine.tick()
        refused = await bench.get(b"/ns/")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for handle in spare:
            os.close(handle)
    assert (refused.status, json.loads(refused.body)["code"]) == (503, "too-many-connections")
    bench.gateway._engine.tick()
    assert (await bench.get(b"/ns/")).status == 200


def _lowest_free():
    with open(os.devnull) as free:
        return free.fileno()


async def test_a_flood_of_garbage_writes_no_flood_of_lines(bench, says):
    await bench.open(bench.route(await bench.provider(says(b"nonsense\r\n\r\n"))))
    client = await bench.client()
    for _ in range(100):
        assert (await client.ask(bench.filled(GET))).status == 502
    assert len(bench.recorder.notes) <= 60


async def test_trailers_without_end_are_cut_off(bench, says):
    endless = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"
        + (b"X-Trailer: " + b"y" * 1000 + b"\r\n") * 2000
    )
    await bench.open(bench.route(await bench.provider(says(endless))))
    client = await bench.client()
    await client.send(bench.filled(GET))
    got = await client.ended()
    assert len(got) < 1_000_000
    assert not got.endswith(b"\r\n\r\n")
