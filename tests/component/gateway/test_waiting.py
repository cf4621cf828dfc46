"""Tables that change under requests: held, released, refused, drained."""

from __future__ import annotations

import asyncio
import json

from runtime_manager.gateway.limits import GatewayLimits
from runtime_manager.gateway.routes import Gate
from runtime_manager.model.endpoint import TcpEndpoint

GET = b"GET /ns/ HTTP/1.1\r\nHost: @@\r\n\r\n"
NAMED = b"GET /ns/ HTTP/1.1\r\nHost: h.test\r\n\r\n"
"""To a gateway on whatever port."""


async def settled(bench) -> tuple[str, int]:
    return await asyncio.wait_for(bench.recorder.settlements.get(), 5)


async def woken(bench) -> str:
    return await asyncio.wait_for(bench.recorder.woken.get(), 5)


async def test_every_table_is_acknowledged(bench):
    await bench.open()
    bench.publish()
    assert bench.recorder.revisions == [1, 2]


async def test_a_held_request_wakes_its_provider_and_goes_on_when_it_opens(bench, echo):
    provider = await bench.provider(echo)
    await bench.open(bench.route(gate=Gate.WAIT, wakes=True))
    client = await bench.client()
    body = bytes(300_000)
    head = b"POST /ns/x HTTP/1.1\r\nHost: @@\r\nContent-Length: %d\r\n\r\n" % len(body)
    client.writer.write(bench.filled(head) + body)
    assert await woken(bench) == "cool"
    assert bench.gateway.in_flight("cool", 1) == 0
    bench.publish(bench.route(provider))
    answer = await client.answer()
    assert answer.status == 200
    assert answer.body.endswith(body)


async def test_a_held_request_is_told_why_its_route_closed(bench):
    await bench.open(bench.route(gate=Gate.WAIT, wakes=True))
    client = await bench.client()
    await client.send(bench.filled(GET))
    await woken(bench)
    bench.publish(bench.route(gate=Gate.CLOSED, cause="exit code 3", retry_after_s=7))
    answer = await client.answer()
    assert (answer.status, answer[b"retry-after"]) == (503, b"7")
    assert json.loads(answer.body)["detail"] == "exit code 3"


async def test_a_wait_has_an_end(bench):
    limits = GatewayLimits(wait_s=0.2)
    await bench.open(bench.route(gate=Gate.WAIT, cause="starting"), limits=limits)
    answer = await bench.get(b"/ns/")
    assert (answer.status, answer[b"retry-after"]) == (503, b"1")
    assert json.loads(answer.body)["detail"] == "starting"


async def test_a_closed_route_answers_at_once_and_keeps_the_connection(bench):
    await bench.open(bench.route(gate=Gate.CLOSED, cause="failed"))
    client = await bench.client()
    for _ in range(2):
        assert (await client.ask(bench.filled(GET))).status == 503


async def test_a_client_that_leaves_while_held_is_forgotten(bench):
    provider = await bench.provider()
    await bench.open(bench.route(gate=Gate.WAIT, wakes=True))
    client = await bench.client()
    await client.send(bench.filled(GET))
    await woken(bench)
    client.close()
    patient = await bench.client()
    await patient.send(bench.filled(GET.replace(b"/ns/", b"/ns/patient")))
    await woken(bench)  # the first has been forgotten: this one wakes anew
    bench.publish(bench.route(provider))
    line = await provider.accepted()
    assert (await line.head()).startswith(b"GET /patient ")
    assert bench.gateway.in_flight("cool", 1) == 1


async def test_requests_in_flight_end_on_the_old_generation_and_new_ones_go_to_the_new(bench):
    old, new = await bench.provider(), await bench.provider()
    await bench.open(bench.route(old))
    first = await bench.client()
    await first.send(bench.filled(GET))
    old_line = await old.accepted()
    await old_line.head()
    bench.publish(bench.route(new, generation=2))
    second = await bench.client()
    await second.send(bench.filled(GET))
    await (await new.accepted()).head()
    assert [bench.gateway.in_flight("cool", g) for g in (1, 2)] == [1, 1]
    assert bench.gateway.traffic("cool") == (2, 2)
    await old_line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold")
    assert (await first.answer()).body == b"old"
    assert await settled(bench) == ("cool", 1)
    assert await old_line.ended() == b""
    assert bench.gateway.traffic("cool") == (1, 2)


async def test_idle_connections_of_an_endpoint_that_left_the_table_are_closed(bench):
    provider = await bench.provider()
    await bench.open(bench.route(provider))
    client = await bench.client()
    await client.send(bench.filled(GET))
    line = await provider.accepted()
    await line.head()
    await line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    await client.answer()
    assert await settled(bench) == ("cool", 1)
    bench.publish(bench.route(gate=Gate.CLOSED))
    assert await line.ended() == b""


async def test_a_request_refused_by_a_provider_that_has_left_is_decided_anew(bench, echo):
    provider = await bench.provider(echo)
    bench_port = 9  # discard: nobody listens there
    await bench.open(bench.route(endpoint=TcpEndpoint("127.0.0.1", bench_port)))
    client = await bench.client()
    client.writer.write(bench.filled(GET))
    while not bench.gateway.in_flight("cool", 1):
        await asyncio.sleep(0)
    bench.publish(bench.route(provider, generation=2))
    assert (await client.answer()).status == 200


async def test_stop_accepting_ends_connections_with_their_last_answer(bench):
    provider = await bench.provider()
    await bench.open(bench.route(provider))
    idle, busy = await bench.client(), await bench.client()
    await busy.send(bench.filled(GET))
    line = await provider.accepted()
    await line.head()
    await bench.gateway.stop_accepting()
    assert await idle.ended() == b""
    await line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    assert (await busy.answer()).body == b"ok"
    assert await busy.ended() == b""


async def test_a_socket_is_handed_over_without_losing_a_request(bench):
    provider = await bench.provider()
    await bench.open(bench.route(provider))
    kept, busy, silent = [await bench.client() for _ in range(3)]
    await kept.send(bench.filled(GET))
    line = await provider.accepted()
    await line.head()
    await line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    assert (await kept.answer()).body == b"ok"
    await busy.send(bench.filled(GET))
    await line.head()
    handing_over = asyncio.ensure_future(bench.gateway.hand_over(within_s=10))
    assert await kept.ended() == b""
    await silent.send(bench.filled(GET))
    await handing_over
    await line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    last = await busy.answer()
    assert (last.body, last.all(b"connection")) == (b"ok", [b"close"])
    other = await provider.accepted()
    await other.head()
    await other.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    assert (await silent.answer()).body == b"ok"
    assert await silent.ended() == b""


async def test_who_never_asks_does_not_hold_up_the_hand_over(bench):
    await bench.open()
    silent = await bench.client()
    await bench.gateway.hand_over(within_s=0.05)
    await bench.gateway.stop_accepting()
    assert await silent.ended() == b""


async def test_no_request_fails_while_tables_change_under_load(bench, echo):
    provider = await bench.provider(echo)
    await bench.open(bench.route(provider))
    is_over = False

    async def load() -> int:
        client, count = await bench.client(), 0
        while not is_over:
            assert (await client.ask(bench.filled(GET))).status == 200
            count += 1
        return count

    loads = [asyncio.ensure_future(load()) for _ in range(8)]
    for generation in range(2, 60):
        bench.publish(bench.route(gate=Gate.WAIT))
        await asyncio.sleep(0)
        other = bench.route(provider, prefix="/other", code="other", name="other")
        bench.publish(bench.route(provider, generation=generation), other)
        await asyncio.sleep(0.005)
    is_over = True
    assert sum(await asyncio.gather(*loads)) > 8


async def test_a_kept_connection_passes_to_another_gateway_with_what_is_asked_meanwhile(bench):
    provider = await bench.provider()
    await bench.open(bench.route(provider), hosts=frozenset({"h.test"}))
    kept, silent, busy = [await bench.client() for _ in range(3)]
    await kept.send(NAMED)
    line = await provider.accepted()
    await line.head()
    await line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    assert (await kept.answer()).body == b"ok"
    await busy.send(NAMED)
    await line.head()
    [connection] = bench.gateway.surrender()
    await bench.gateway.hand_over(within_s=0.01)
    await kept.send(NAMED)
    await line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    assert (await busy.answer()).all(b"connection") == [b"close"]
    await bench.gateway.close()
    assert await silent.ended() == b""

    await bench.open(bench.route(provider), hosts=frozenset({"h.test"}))
    await bench.gateway.take_up([connection])
    line = await provider.accepted()
    await line.head()
    await line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nagain")
    assert (await kept.answer()).body == b"again"


async def test_a_connection_whose_client_has_left_is_taken_up_in_vain(bench, echo):
    provider = await bench.provider(echo)
    await bench.open(bench.route(provider))
    client = await bench.client()
    assert (await client.ask(bench.filled(GET))).status == 200
    [connection] = bench.gateway.surrender()
    client.abort()
    await bench.gateway.close()
    await bench.open(bench.route(provider))
    await bench.gateway.take_up([connection])
    assert (await bench.get(b"/ns/")).status == 200
