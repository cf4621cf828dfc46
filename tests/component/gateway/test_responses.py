"""What a client sees of a provider's answer."""

from __future__ import annotations

import pytest


@pytest.fixture
def given(bench, says):
    """Opens the gateway before a provider that answers with these bytes."""

    async def open_with(response: bytes, *, then_closes: bool = False, **fields):
        provider = await bench.provider(says(response, then_closes=then_closes))
        await bench.open(bench.route(provider, **fields))
        return provider

    return open_with


def names(answer) -> list[bytes]:
    return [name.lower() for name, _ in answer.headers]


async def test_lines_reason_and_bytes_stay(bench, given):
    await given(
        b"HTTP/1.1 299 Quite \xe9 Fine\r\nSet-Cookie: a=1\r\nX-A: caf\xe9\r\nServer: s\r\n"
        b'Set-Cookie: b=2\r\nContent-Encoding: br\r\nETag: "x"\r\nContent-Length: 2\r\n\r\nok'
    )
    answer = await bench.get(b"/ns/")
    assert (answer.status, answer.reason, answer.body) == (299, b"Quite \xe9 Fine", b"ok")
    assert answer.headers[:6] == [
        (b"Set-Cookie", b"a=1"),
        (b"X-A", b"caf\xe9"),
        (b"Server", b"s"),
        (b"Set-Cookie", b"b=2"),
        (b"Content-Encoding", b"br"),
        (b"ETag", b'"x"'),
    ]
    assert names(answer)[6:] == [b"x-request-id", b"content-length"]


async def test_hop_by_hop_lines_of_the_answer_stop_here(bench, given):
    await given(
        b"HTTP/1.1 200 OK\r\nConnection: X-Private, keep-alive\r\nX-Private: 1\r\nKeep-Alive: 5\r\n"
        b"Proxy-Authenticate: x\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n"
    )
    assert names(await bench.get(b"/ns/")) == [b"x-request-id", b"content-length"]


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        (b"/x", b"/ns/x"),
        (b"/", b"/ns/"),
        (b"/ns/x", b"/ns/x"),
        (b"/ns?x", b"/ns?x"),
        (b"/nsx", b"/ns/nsx"),
        (b"x", b"x"),
        (b"?x", b"?x"),
        (b"//other/x", b"//other/x"),
        (b"https://other/x", b"https://other/x"),
        (b"http://127.0.0.1:@port/x", b"http://127.0.0.1:@port/ns/x"),
        (b"http://127.0.0.1:@port", b"http://127.0.0.1:@port/ns/"),
    ],
)
@pytest.mark.parametrize("name", [b"Location", b"content-location"])
async def test_redirects_lead_back_below_the_prefix(bench, name, sent, seen):
    async def script(line):
        await line.head()
        value = bench.filled(sent)
        await line.send(b"HTTP/1.1 302 F\r\n%b: %b\r\nContent-Length: 0\r\n\r\n" % (name, value))

    await bench.open(bench.route(await bench.provider(script)))
    assert (await bench.get(b"/ns/y"))[name] == bench.filled(seen)


async def test_head_keeps_the_length_and_has_no_body(bench, given):
    await given(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
    client = await bench.client()
    for _ in range(2):
        answer = await client.ask(
            bench.filled(b"HEAD /ns/ HTTP/1.1\r\nHost: @@\r\n\r\n"), is_head=True
        )
        assert (answer[b"content-length"], answer.body) == (b"5", b"")


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
async def test_answers_without_a_body_leave_the_connection_usable(bench, given, status):
    provider = await given(b"HTTP/1.1 " + status + b"\r\nETag: x\r\n\r\n")
    client = await bench.client()
    for _ in range(2):
        answer = await client.ask(bench.filled(b"GET /ns/ HTTP/1.1\r\nHost: @@\r\n\r\n"))
        assert answer.body == b""
        assert b"transfer-encoding" not in names(answer)
    assert provider.connections == 1


async def test_interim_answers_pass(bench, given):
    await given(
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    )
    client = await bench.client()
    await client.send(bench.filled(b"GET /ns/ HTTP/1.1\r\nHost: @@\r\n\r\n"))
    assert await client.head() == b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    assert (await client.answer()).body == b"ok"


async def test_chunks_and_trailers_pass(bench, given):
    await given(
        b"HTTP/1.1 200 OK\r\nTrailer: X-T\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"2\r\nab\r\n1\r\nc\r\n0\r\nX-T: 1\r\nSet-Cookie: no\r\n\r\n"
    )
    answer = await bench.get(b"/ns/")
    assert (answer.body, answer[b"transfer-encoding"]) == (b"abc", b"chunked")
    assert answer[b"trailer"] == b"X-T"
    assert answer.trailers == [(b"X-T", b"1")]


async def test_a_body_that_ends_with_the_connection_is_chunked_for_the_client(bench, given):
    await given(b"HTTP/1.0 200 OK\r\n\r\nall of it", then_closes=True)
    answer = await bench.get(b"/ns/")
    assert (answer.body, answer[b"transfer-encoding"]) == (b"all of it", b"chunked")


async def test_http_1_0_clients_get_no_chunks(bench, given):
    await given(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
    )
    client = await bench.client()
    await client.send(
        bench.filled(b"GET /ns/ HTTP/1.0\r\nHost: @@\r\nConnection: keep-alive\r\n\r\n")
    )
    head = await client.head()
    assert b"chunked" not in head
    assert b"Connection: close\r\n" in head
    assert await client.rest() == b"abc"


async def test_http_1_0_clients_may_keep_the_connection(bench, given):
    await given(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    client = await bench.client()
    request = bench.filled(b"GET /ns/ HTTP/1.0\r\nHost: @@\r\nConnection: keep-alive\r\n\r\n")
    for _ in range(2):
        assert (await client.ask(request))[b"connection"] == b"keep-alive"


async def test_pipelined_requests_are_answered_in_order(bench, echo):
    await bench.open(bench.route(await bench.provider(echo)))
    client = await bench.client()
    count = 200
    await client.send(
        b"".join(bench.filled(b"GET /ns/%d HTTP/1.1\r\nHost: @@\r\n\r\n" % i) for i in range(count))
    )
    for i in range(count):
        answer = await client.answer()
        assert answer.body.startswith(b"GET /%d " % i)


async def test_pipelined_refusals_keep_their_turn(bench, echo):
    await bench.open(bench.route(await bench.provider(echo)))
    client = await bench.client()
    await client.send(
        bench.filled(
            b"GET /ns/1 HTTP/1.1\r\nHost: @@\r\n\r\nGET /none HTTP/1.1\r\nHost: @@\r\n\r\n"
            b"POST /ns/2 HTTP/1.1\r\nHost: @@\r\nContent-Length: 2\r\n\r\nabgarbage\r\n\r\n"
        )
    )
    statuses = [(await client.answer()).status for _ in range(4)]
    assert statuses == [200, 404, 200, 400]
    assert await client.ended() == b""


async def test_connection_close_is_honoured(bench, given):
    await given(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    client = await bench.client()
    answer = await client.ask(
        bench.filled(b"GET /ns/ HTTP/1.1\r\nHost: @@\r\nConnection: close\r\n\r\n")
    )
    assert answer[b"connection"] == b"close"
    assert await client.ended() == b""


async def test_events_pass_as_they_come(bench):
    provider = await bench.provider()
    await bench.open(bench.route(provider))
    client = await bench.client()
    await client.send(bench.filled(b"GET /ns/ HTTP/1.1\r\nHost: @@\r\nLast-Event-ID: 7\r\n\r\n"))
    line = await provider.accepted()
    assert b"Last-Event-ID: 7\r\n" in await line.head()
    await line.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
    await client.head()
    for i in range(3):
        event = b"data: %d\n\n" % i
        await line.send(event)
        assert await client.until(event + b"\r\n") == b"%x\r\n%b\r\n" % (len(event), event)
    client.close()
    assert await line.ended() == b""


async def test_over_a_unix_socket_it_is_the_same(bench, echo):
    await bench.open(bench.route(await bench.provider(echo, on_unix=True)))
    assert (await bench.get(b"/ns/x")).body.startswith(b"GET /x HTTP/1.1\r\n")


async def test_a_provider_cannot_sign_a_browser_out_of_its_session(bench, given):
    await given(
        b"HTTP/1.1 200 OK\r\nSet-Cookie: rtm_session_abc=; Max-Age=0\r\n"
        b"Set-Cookie: mine=1\r\nContent-Length: 0\r\n\r\n"
    )
    answer = await bench.get(b"/ns/")
    assert [value for name, value in answer.headers if name == b"Set-Cookie"] == [b"mine=1"]
