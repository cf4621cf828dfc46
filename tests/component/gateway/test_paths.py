"""What a provider sees of a request's target, and which targets it never sees."""

from __future__ import annotations

import pytest


def seen_target(answer) -> bytes:
    return answer.body.split(b" ")[1]


@pytest.mark.parametrize(
    "rest",
    [
        b"/a%2Fb",
        b"/a%20b+c%C3%A9:/[]@!$&'()*+,;=-._~",
        b"//a//b/",
        b"/x?a=%2F&&b=;c=&d",
        b"/x?",
        b"/?",
        b"/...",
        b"/.well-known/x",
        b"/a%2",
        b"/%zz",
    ],
)
async def test_the_rest_of_the_path_arrives_byte_for_byte(bench, echo, rest):
    await bench.open(bench.route(await bench.provider(echo)))
    assert seen_target(await bench.get(b"/ns" + rest)) == rest


@pytest.mark.parametrize(
    "path",
    [
        b"/ns/../x",
        b"/ns/%2e%2e/x",
        b"/ns/.%2e/x",
        b"/ns/.%252e/x",
        b"/ns/.%09./x",
        b"/ns/%2e",
        b"/ns/a%2f..%2fb",
        b"/ns/..%5cx",
        b"/ns/..;/x",
        b"/ns/..",
    ],
)
async def test_dot_segments_in_any_encoding_are_refused(bench, echo, path):
    provider = await bench.provider(echo)
    await bench.open(bench.route(provider))
    answer = await bench.get(path)
    assert (answer.status, provider.connections) == (400, 0)
    assert answer[b"content-type"] == b"application/problem+json"


@pytest.mark.parametrize("path", [b"/nsx", b"/%6es/x", b"/", b"/other", b"/NS/"])
async def test_what_is_not_below_a_prefix_is_not_found(bench, echo, path):
    await bench.open(bench.route(await bench.provider(echo)))
    assert (await bench.get(path)).status == 404


async def test_the_longest_prefix_wins(bench, echo):
    provider = await bench.provider(echo)
    inner = bench.route(provider, prefix="/ns/inner", code="inner", name=None)
    await bench.open(bench.route(provider), inner)
    assert seen_target(await bench.get(b"/ns/inner/x")) == b"/x"
    assert seen_target(await bench.get(b"/ns/innerx")) == b"/innerx"


async def test_a_fragment_is_dropped(bench, echo):
    await bench.open(bench.route(await bench.provider(echo)))
    assert seen_target(await bench.get(b"/ns/x#frag")) == b"/x"


async def test_the_bare_prefix_is_redirected_for_get_and_forwarded_for_post(bench, echo):
    await bench.open(bench.route(await bench.provider(echo)))
    answer = await bench.get(b"/ns?a=b")
    assert (answer.status, answer[b"location"]) == (308, b"/ns/?a=b")
    posted = await bench.ask(b"POST /ns?a=b HTTP/1.1\r\nHost: @@\r\nContent-Length: 0\r\n\r\n")
    assert seen_target(posted) == b"/?a=b"


async def test_a_provider_that_keeps_its_prefix_sees_the_whole_path(bench, echo):
    await bench.open(bench.route(await bench.provider(echo), strip_prefix=False))
    assert seen_target(await bench.get(b"/ns/x")) == b"/ns/x"
    assert seen_target(await bench.get(b"/ns")) == b"/ns"


async def test_by_name_the_path_passes_as_it_is(bench, echo):
    await bench.open(bench.route(await bench.provider(echo)))
    assert seen_target(await bench.get(b"/x", host=b"cool.localhost:@port")) == b"/x"
    assert seen_target(await bench.get(b"/ns/x", host=b"cool.localhost")) == b"/ns/x"


async def test_by_name_a_kept_prefix_is_added_by_a_redirect(bench, echo):
    await bench.open(bench.route(await bench.provider(echo), strip_prefix=False))
    answer = await bench.get(b"/x?y", host=b"cool.localhost")
    assert (answer.status, answer[b"location"]) == (308, b"/ns/x?y")
    assert seen_target(await bench.get(b"/ns/x", host=b"cool.localhost")) == b"/ns/x"


async def test_absolute_form_is_taken_for_our_own_authority_only(bench, echo):
    provider = await bench.provider(echo)
    await bench.open(bench.route(provider))
    own = await bench.ask(b"GET http://@@/ns/x?y HTTP/1.1\r\nHost: @@\r\n\r\n")
    assert seen_target(own) == b"/x?y"
    foreign = await bench.ask(b"GET http://evil.example/ns/x HTTP/1.1\r\nHost: @@\r\n\r\n")
    assert foreign.status == 421
    differing = await bench.ask(b"GET http://localhost/ns/x HTTP/1.1\r\nHost: @@\r\n\r\n")
    assert differing.status == 400


@pytest.mark.parametrize(
    "line",
    [b"OPTIONS * HTTP/1.1", b"CONNECT 127.0.0.1:80 HTTP/1.1", b"GET * HTTP/1.1", b"PRI * HTTP/2.0"],
)
async def test_targets_that_are_no_path_are_refused(bench, echo, line):
    provider = await bench.provider(echo)
    await bench.open(bench.route(provider))
    answer = await bench.ask(line + b"\r\nHost: @@\r\n\r\n")
    assert answer.status in (400, 405, 501)
    assert provider.connections == 0


@pytest.mark.parametrize("path", [b"/ns/@evil", b"/ns:80@evil/", b"/ns/http://evil/"])
async def test_no_path_chooses_where_a_request_goes(bench, echo, path):
    provider = await bench.provider(echo)
    await bench.open(bench.route(provider))
    assert (await bench.get(path)).status in (200, 404)
