"""Who may call what, over the wire."""

from __future__ import annotations

import json

import pytest

from runtime_manager.gateway.routes import Audience
from runtime_manager.gateway.sessions import cookie_name, sign_session

BEARER = b"Authorization: Bearer t0ken-of-the-tests"
LATER = 4_000_000_000


def cookie(scope: str) -> bytes:
    value = sign_session(b"k" * 32, scope=scope, expires_at=LATER)
    return f"Cookie: {cookie_name('tests')}={value}".encode()


@pytest.fixture
async def guarded(bench, echo):
    """A provider's route, and a stand-in for the control API by path and as rtm.localhost."""
    provider = await bench.provider(echo)
    control = {"code": "rtm", "audience": Audience.CONTROL, "strip_prefix": False}
    await bench.open(
        bench.route(provider, audience=Audience.PROVIDER),
        bench.route(provider, prefix="/api/v1/providers", name=None, **control),
        bench.route(provider, prefix="", name="rtm", **control),
        bench.route(
            provider, prefix="/_rtm/session", code="rtm", name=None, on_every_host=True,
            strip_prefix=False,
        ),
        bench.route(provider, prefix="/healthz", code="rtm", name=None, strip_prefix=False),
        allowed_origins=frozenset({"https://ide.example"}),
    )  # fmt: skip
    return bench


async def status(bench, path: bytes, *lines: bytes, host: bytes = b"@@", method=b"GET") -> int:
    head = b"\r\n".join([b"%b %b HTTP/1.1" % (method, path), b"Host: " + host, *lines])
    return (await bench.ask(head + b"\r\nContent-Length: 0\r\n\r\n")).status


async def test_without_a_credential_a_hint_tells_how_to_get_one(guarded):
    answer = await guarded.get(b"/ns/")
    assert (answer.status, answer[b"www-authenticate"]) == (401, b"Bearer")
    assert "rtm open" in json.loads(answer.body)["hint"]


async def test_the_token_opens_everything(guarded):
    for line in (
        BEARER,
        b"authorization: bearer t0ken-of-the-tests",
        b"X-RTM-Token: t0ken-of-the-tests",
    ):
        assert await status(guarded, b"/ns/", line) == 200
        assert await status(guarded, b"/api/v1/providers", line, method=b"POST") == 200
    assert await status(guarded, b"/ns/", b"X-RTM-Token: wrong") == 401


async def test_a_path_session_reaches_providers_and_nothing_of_the_control_api(guarded):
    session = cookie("path")
    assert await status(guarded, b"/ns/", session) == 200
    assert await status(guarded, b"/api/v1/providers", session) == 401
    assert await status(guarded, b"/", session, host=b"rtm.localhost") == 401
    assert await status(guarded, b"/", session, host=b"cool.localhost") == 401


async def test_a_name_session_reaches_its_provider_by_its_name_only(guarded):
    assert await status(guarded, b"/", cookie("name:cool"), host=b"cool.localhost:@port") == 200
    assert await status(guarded, b"/", cookie("name:other"), host=b"cool.localhost") == 401
    assert await status(guarded, b"/ns/", cookie("name:cool")) == 401
    assert await status(guarded, b"/", cookie("name:cool"), host=b"rtm.localhost") == 401


async def test_the_dashboard_changes_things_from_its_own_page_with_its_header(guarded):
    here = b"rtm.localhost:@port"
    session, own = cookie("dashboard"), guarded.filled(b"Origin: http://rtm.localhost:@port")
    assert await status(guarded, b"/api/v1/providers", session, host=here) == 200
    assert await status(guarded, b"/ns/", session) == 401
    assert await status(guarded, b"/api/v1/providers", session) == 401
    change = {"host": here, "method": b"POST"}
    assert await status(guarded, b"/x", session, own, b"X-RTM-CSRF: 1", **change) == 200
    assert await status(guarded, b"/x", session, own, **change) == 403
    assert await status(guarded, b"/x", session, b"X-RTM-CSRF: 1", **change) == 403


async def test_a_forged_session_is_none(guarded):
    assert await status(guarded, b"/ns/", cookie("path") + b"x") == 401


async def test_another_sites_request_with_a_session_is_refused_but_for_a_link(guarded):
    cross = (cookie("path"), b"Sec-Fetch-Site: cross-site")
    link = (b"Sec-Fetch-Mode: navigate", b"Sec-Fetch-Dest: document")
    assert await status(guarded, b"/ns/", *cross) == 403
    assert await status(guarded, b"/ns/", *cross, *link) == 200
    assert await status(guarded, b"/ns/", *cross, *link, method=b"POST") == 403
    assert await status(guarded, b"/ns/", cookie("path"), b"Sec-Fetch-Site: same-origin") == 200


@pytest.mark.parametrize(
    "origin",
    [
        b"null",
        b"http://evil.example",
        b"https://@@",
        b"http://127.0.0.1:1",
        b"http://localhost:@port",
        b"http://cool.localhost:@port",
    ],
)
async def test_a_foreign_origin_is_refused_whatever_it_brings(guarded, origin):
    line = guarded.filled(b"Origin: " + origin)
    for path in (b"/ns/", b"/healthz", b"/nowhere"):
        assert await status(guarded, path, BEARER, line) == 403


async def test_the_own_origin_passes(guarded):
    assert await status(guarded, b"/ns/", BEARER, guarded.filled(b"Origin: http://@@")) == 200


async def test_a_listed_origin_gets_leave_and_never_a_star(guarded):
    origin = b"Origin: https://ide.example"
    answer = await guarded.get(b"/ns/", BEARER, origin)
    assert answer[b"access-control-allow-origin"] == b"https://ide.example"
    assert answer[b"vary"] == b"Origin"
    refused = await guarded.get(b"/ns/", origin)
    assert (refused.status, refused[b"access-control-allow-origin"]) == (
        401,
        b"https://ide.example",
    )
    preflight = await guarded.ask(
        b"OPTIONS /ns/ HTTP/1.1\r\nHost: @@\r\nOrigin: https://ide.example\r\n"
        b"Access-Control-Request-Method: PUT\r\n"
        b"Access-Control-Request-Headers: authorization, x-a\r\n\r\n"
    )
    assert (preflight.status, preflight.body) == (204, b"")
    assert preflight[b"access-control-allow-headers"] == b"authorization, x-a"
    assert b"PUT" in preflight[b"access-control-allow-methods"]


async def test_the_one_time_address_works_on_every_host(guarded):
    for host in (b"@@", b"cool.localhost", b"rtm.localhost", b"localhost"):
        assert await status(guarded, b"/_rtm/session?code=x", host=host) == 200


async def test_health_asks_for_nothing_but_a_host_we_answer_to(guarded):
    assert await status(guarded, b"/healthz") == 200
    assert await status(guarded, b"/healthz", host=b"rtm.localhost") == 200
    assert await status(guarded, b"/healthz", host=b"evil.example") == 421


async def test_problems_echo_nothing_of_the_request(guarded):
    answer = await guarded.get(b"/<script>", b"X-Evil: <script>", host=b"@@")
    assert answer.status == 404
    assert b"script" not in answer.body
