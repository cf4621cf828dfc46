"""What a provider sees of a request's head."""

from __future__ import annotations

import h11
import pytest


def seen_lines(answer) -> list[bytes]:
    return answer.body.split(b"\r\n\r\n")[0].split(b"\r\n")[1:]


def seen(answer, name: bytes) -> list[bytes]:
    return [
        line.partition(b": ")[2]
        for line in seen_lines(answer)
        if line.lower().startswith(name.lower() + b":")
    ]


async def test_host_reaches_the_provider_unchanged(bench, echo):
    await bench.open(bench.route(await bench.provider(echo)))
    answer = await bench.get(b"/ns/", host=b"LocalHost:@port")
    assert seen(answer, b"host") == [b"LocalHost:%d" % bench.port]


async def test_a_provider_may_get_its_own_host(bench, echo):
    provider = await bench.provider(echo)
    await bench.open(bench.route(provider, host_header_endpoint=True))
    assert seen(await bench.get(b"/ns/"), b"host") == [str(provider.endpoint).encode()]


async def test_what_a_client_claims_of_itself_is_replaced(bench, echo):
    await bench.open(bench.route(await bench.provider(echo)))
    answer = await bench.get(
        b"/ns/",
        b"X-Forwarded-For: 6.6.6.6",
        b"X-Forwarded-Proto: https",
        b"x-forwarded-host: evil",
        b"X-Forwarded-Port: 1",
        b"X-Forwarded-Prefix: /evil",
        b"Forwarded: for=6.6.6.6",
        b"X_Forwarded_For: 6.6.6.6",
        b"X.Forwarded.For: 6.6.6.6",
        b"Content_Length: 7",
        b"X-Real-IP: 6.6.6.6",
    )
    assert b"6.6.6.6" not in answer.body
    assert b"evil" not in answer.body
    assert seen(answer, b"x-forwarded-for") == [b"127.0.0.1"]
    assert seen(answer, b"x-forwarded-proto") == [b"http"]
    assert seen(answer, b"x-forwarded-host") == [b"127.0.0.1:%d" % bench.port]
    assert seen(answer, b"x-forwarded-port") == [b"%d" % bench.port]
    assert seen(answer, b"x-forwarded-prefix") == [b"/ns"]
    assert seen(answer, b"forwarded") == [
        b'for=127.0.0.1;host="127.0.0.1:%d";proto=http' % bench.port
    ]
    assert seen(answer, b"content_length") == []


async def test_connection_nominates_the_clients_lines_and_never_ours(bench, echo):
    await bench.open(bench.route(await bench.provider(echo)))
    answer = await bench.get(
        b"/ns/",
        b"X-Private: 1",
        b"Connection: close, X-Private, X-Forwarded-For, Host, X-Request-Id",
    )
    assert seen(answer, b"x-private") == []
    assert seen(answer, b"x-forwarded-for") == [b"127.0.0.1"]
    assert len(seen(answer, b"x-request-id")) == 1
    assert len(seen(answer, b"host")) == 1


async def test_hop_by_hop_lines_stop_here(bench, echo):
    await bench.open(bench.route(await bench.provider(echo)))
    answer = await bench.get(
        b"/ns/",
        b"Keep-Alive: 5",
        b"Proxy-Authorization: x",
        b"Proxy-Connection: x",
        b"Trailer: x",
        b"TE: gzip, trailers",
        b"Upgrade: h2c",
        b"HTTP2-Settings: AAA",
        b"Connection: Upgrade, HTTP2-Settings, TE",
    )
    names = {line.partition(b":")[0].lower() for line in seen_lines(answer)}
    gone = {b"keep-alive", b"proxy-authorization", b"proxy-connection", b"trailer", b"upgrade"}
    assert not names & (gone | {b"http2-settings"})
    assert seen(answer, b"te") == [b"trailers"]
    assert seen(answer, b"connection") == [b"TE"]


async def test_order_and_duplicates_stay(bench, echo):
    await bench.open(bench.route(await bench.provider(echo)))
    lines = [b"X-B: 1", b"x-a: 2", b"X-B: 3", b"Accept: a", b"Accept: b", b"Cookie: c", b"X-E: "]
    got = seen_lines(await bench.get(b"/ns/", *lines))
    assert got[1 : 1 + len(lines)] == lines


async def test_nothing_is_invented_but_what_we_set(bench, echo):
    await bench.open(bench.route(await bench.provider(echo)))
    names = [line.partition(b":")[0] for line in seen_lines(await bench.get(b"/ns/"))]
    assert names == [
        b"Host",
        b"X-Forwarded-For",
        b"X-Forwarded-Proto",
        b"X-Forwarded-Host",
        b"X-Forwarded-Port",
        b"Forwarded",
        b"X-Request-Id",
        b"X-Forwarded-Prefix",
    ]


async def test_our_own_credentials_never_reach_a_provider(bench, echo):
    await bench.open(bench.route(await bench.provider(echo)))
    answer = await bench.get(
        b"/ns/",
        b"Authorization: Bearer t0ken-of-the-tests",
        b"X-RTM-Token: t0ken-of-the-tests",
        b"X-RTM-Other: secret",
        b"Cookie: a=1; rtm_session_tests=secret; b=2;rtm_session_other=secret",
        b"Cookie: rtm_session_tests=secret",
    )
    assert b"t0ken" not in answer.body
    assert b"secret" not in answer.body
    assert seen(answer, b"cookie") == [b"a=1; b=2"]


async def test_a_credential_that_is_not_ours_passes(bench, echo):
    await bench.open(bench.route(await bench.provider(echo)))
    answer = await bench.get(b"/ns/", b"Authorization: Bearer theirs", b"Authorization: Basic x")
    assert seen(answer, b"authorization") == [b"Bearer theirs", b"Basic x"]


async def test_a_request_id_is_made_passed_and_echoed(bench, echo):
    await bench.open(bench.route(await bench.provider(echo)))
    made = await bench.get(b"/ns/", b"traceparent: 00-abc")
    assert seen(made, b"x-request-id") == [made[b"x-request-id"]]
    assert seen(made, b"traceparent") == [b"00-abc"]
    given = await bench.get(b"/ns/", b"X-Request-Id: mine")
    assert (seen(given, b"x-request-id"), given[b"x-request-id"]) == ([b"mine"], b"mine")


async def test_latin_1_bytes_pass(bench, echo):
    await bench.open(bench.route(await bench.provider(echo)))
    assert seen(await bench.get(b"/ns/", b"X-Name: caf\xe9"), b"x-name") == [b"caf\xe9"]


async def test_a_strict_parser_takes_what_is_emitted(bench, echo):
    await bench.open(bench.route(await bench.provider(echo)))
    answer = await bench.ask(
        b"POST /ns/x?y HTTP/1.1\r\nHost: @@\r\nX-A: 1\r\nTE: trailers\r\nConnection: TE\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nX-T: 1\r\nContent-Type: no\r\n\r\n"
    )
    strict = h11.Connection(h11.SERVER)
    strict.receive_data(answer.body)
    request, data, end = strict.next_event(), strict.next_event(), strict.next_event()
    assert isinstance(request, h11.Request)
    assert (request.target, bytes(data.data)) == (b"/x?y", b"abc")
    assert end.headers == [(b"x-t", b"1")]
    assert strict.trailing_data == (b"", False)


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (b"Host: @@\r\nTransfer-Encoding: gzip, chunked", 501),
        (b"Host: @@\r\nTransfer-Encoding: gzip", 501),
        (b"Host: @@\r\nTransfer-Encoding: chunked\r\nContent-Length: 3", 400),
        (b"Host: @@\r\nContent-Length: 3\r\nContent-Length: 3", 400),
        (b"Host: @@\r\nContent-Length: +3", 400),
        (b"Host: @@\r\nTransfer-Encoding:", 400),
        (b"Host: @@\r\nExpect: 200-ok", 417),
        (b"X-No: host", 400),
        (b"Host: @@\r\nHost: @@", 400),
        (b"Host:", 400),
        (b"Host: user@@@", 400),
        (b"Host: @@/path", 400),
        (b"Host: @@, other", 400),
        (b"Host: evil.example", 421),
        (b"Host: 127.0.0.1:1", 421),
        (b"Host: unknown.localhost", 421),
        (b"Host: @@\r\nX: a\r\n folded", 400),
        (b"Host: @@\r\nX : a", 400),
        (b"Host: @@\r\nX: a\x00b", 400),
        (b"Host: @@\nX: a", 400),
    ],
)
async def test_doubtful_heads_are_refused_and_the_connection_closed(bench, echo, lines, status):
    provider = await bench.provider(echo)
    await bench.open(bench.route(provider))
    client = await bench.client()
    answer = await client.ask(bench.filled(b"POST /ns/ HTTP/1.1\r\n%b\r\n\r\n" % lines))
    assert (answer.status, provider.connections) == (status, 0)
    assert len(bench.recorder.notes) <= 1
    if status != 421:
        assert answer[b"connection"] == b"close"
        assert await client.ended() == b""


async def test_transfer_encoding_with_http_1_0_is_refused(bench, echo):
    await bench.open(bench.route(await bench.provider(echo)))
    answer = await bench.ask(
        b"POST /ns/ HTTP/1.0\r\nHost: @@\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    )
    assert answer.status == 400
