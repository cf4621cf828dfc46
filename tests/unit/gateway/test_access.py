"""Who may call what: each question alone."""

from __future__ import annotations

import pytest

from runtime_manager.gateway.access import Access, OriginVerdict, Place
from runtime_manager.gateway.problems import (
    BAD_HOST,
    CROSS_SITE,
    FOREIGN_HOST,
    FOREIGN_ORIGIN,
    NO_CSRF,
    UNAUTHORIZED,
)
from runtime_manager.gateway.routes import Audience, Gate, Route
from runtime_manager.gateway.sessions import sign_session

KEY = b"k" * 32
ACCESS = Access(
    "token",
    KEY,
    "d1",
    9880,
    hosts=frozenset({"box.example", "tls.example:8443"}),
    allowed_origins=frozenset({"https://ide.example", "vscode-webview://x"}),
)
PROVIDER = Route("/cool", "cool", Gate.OPEN, None, name="cool")
CONTROL = Route("", "rtm", Gate.OPEN, None, name="rtm", audience=Audience.CONTROL)
PUBLIC = Route("/pub", "pub", Gate.OPEN, None, audience=Audience.ANYONE)


def place(host: str) -> Place:
    found = ACCESS.place(host.encode())
    assert isinstance(found, Place)
    return found


def admit(route, host, *, method=b"GET", scope="", holds_token=False, now=0.0, **headers):
    lines = {name.replace("_", "-").encode(): value for name, value in headers.items()}
    if scope:
        value = sign_session(KEY, scope=scope, expires_at=100)
        lines[b"cookie"] = f"a=1; rtm_session_d1={value}; b=2".encode()
    return ACCESS.admit(
        route, place(host), method=method, headers=lines, holds_token=holds_token, now=now
    )


@pytest.mark.parametrize(
    ("host", "label"),
    [
        (b"127.0.0.1", None),
        (b"127.0.0.1:9880", None),
        (b"localhost:9880", None),
        (b"LOCALHOST", None),
        (b"[::1]:9880", None),
        (b"cool.localhost:9880", "cool"),
        (b"cool.localhost", "cool"),
        (b"box.example", None),
        (b"box.example:9880", None),
        (b"tls.example:8443", None),
    ],
)
def test_names_we_answer_to(host, label):
    assert ACCESS.place(host).label == label


@pytest.mark.parametrize(
    ("host", "problem"),
    [
        (None, BAD_HOST),
        (b"", BAD_HOST),
        (b"a, b", BAD_HOST),
        (b"evil.example", FOREIGN_HOST),
        (b"127.0.0.1:80", FOREIGN_HOST),
        (b"127.0.0.2", FOREIGN_HOST),
        (b"localhost.evil.example", FOREIGN_HOST),
        (b"a.cool.localhost", FOREIGN_HOST),
        (b"cool.localhost:1", FOREIGN_HOST),
        (b"tls.example", FOREIGN_HOST),
        (b"box.example:1", FOREIGN_HOST),
    ],
)
def test_names_we_do_not_answer_to(host, problem):
    assert ACCESS.place(host) is problem


@pytest.mark.parametrize(
    ("origin", "host", "verdict"),
    [
        (None, "localhost", OriginVerdict.ABSENT),
        (b"http://localhost:9880", "localhost:9880", OriginVerdict.SAME),
        (b"http://localhost", "localhost", OriginVerdict.SAME),
        (b"http://[::1]:9880", "[::1]:9880", OriginVerdict.SAME),
        (b"https://ide.example", "localhost", OriginVerdict.LISTED),
        (b"vscode-webview://x", "localhost", OriginVerdict.LISTED),
        (b"null", "localhost", FOREIGN_ORIGIN),
        (b"", "localhost", FOREIGN_ORIGIN),
        (b"https://localhost:9880", "localhost:9880", FOREIGN_ORIGIN),
        (b"http://127.0.0.1:9880", "localhost:9880", FOREIGN_ORIGIN),
        (b"http://localhost:9881", "localhost:9880", FOREIGN_ORIGIN),
        (b"http://cool.localhost:9880", "localhost:9880", FOREIGN_ORIGIN),
        (b"http://localhost:9880, http://x", "localhost:9880", FOREIGN_ORIGIN),
        (b"https://ide.example.evil", "localhost", FOREIGN_ORIGIN),
    ],
)
def test_origins(origin, host, verdict):
    assert ACCESS.origin(origin, place(host)) is verdict


@pytest.mark.parametrize(
    ("value", "is_own"),
    [
        (b"Bearer token", True),
        (b"bearer token", True),
        (b"BEARER  token", True),
        (b"Bearer token2", False),
        (b"Bearer", False),
        (b"Basic token", False),
        (b"", False),
    ],
)
def test_only_our_token_is_our_authorization(value, is_own):
    assert ACCESS.is_own_authorization(value) is is_own


def test_an_empty_token_is_held_by_nobody():
    assert not Access("", KEY, "d1", 1).is_token(b"")


@pytest.mark.parametrize("route", [PROVIDER, CONTROL, PUBLIC])
def test_the_token_opens_every_route(route):
    assert admit(route, "localhost", holds_token=True, method=b"DELETE") is None


def test_a_public_route_asks_for_nothing():
    assert admit(PUBLIC, "localhost") is None


@pytest.mark.parametrize(
    ("route", "host", "scope", "is_let_in"),
    [
        (PROVIDER, "localhost", "path", True),
        (PROVIDER, "box.example", "path", True),
        (PROVIDER, "cool.localhost", "path", False),
        (CONTROL, "localhost", "path", False),
        (CONTROL, "rtm.localhost", "path", False),
        (PROVIDER, "cool.localhost", "name:cool", True),
        (PROVIDER, "cool.localhost", "name:other", False),
        (PROVIDER, "localhost", "name:cool", False),
        (CONTROL, "rtm.localhost", "name:rtm", False),
        (CONTROL, "rtm.localhost", "dashboard", True),
        (CONTROL, "localhost", "dashboard", False),
        (PROVIDER, "localhost", "dashboard", False),
        (PROVIDER, "cool.localhost", "dashboard", False),
        (PROVIDER, "localhost", "", False),
    ],
)
def test_what_a_session_opens(route, host, scope, is_let_in):
    assert admit(route, host, scope=scope) is (None if is_let_in else UNAUTHORIZED)


def test_an_expired_session_opens_nothing():
    assert admit(PROVIDER, "localhost", scope="path", now=100.0) is UNAUTHORIZED


@pytest.mark.parametrize("site", [b"cross-site", b"same-site", b"nonsense"])
def test_a_session_is_for_its_own_pages_and_for_links_to_a_providers_page(site):
    link = {"sec_fetch_mode": b"navigate", "sec_fetch_dest": b"document"}
    assert admit(PROVIDER, "localhost", scope="path", sec_fetch_site=site) is CROSS_SITE
    assert admit(PROVIDER, "localhost", scope="path", sec_fetch_site=site, **link) is None
    frame = {"sec_fetch_mode": b"navigate", "sec_fetch_dest": b"iframe"}
    assert admit(PROVIDER, "localhost", scope="path", sec_fetch_site=site, **frame) is CROSS_SITE
    post = {"method": b"POST", **link}
    assert admit(PROVIDER, "localhost", scope="path", sec_fetch_site=site, **post) is CROSS_SITE
    control = {"scope": "dashboard", "sec_fetch_site": site, **link}
    assert admit(CONTROL, "rtm.localhost", **control) is CROSS_SITE


def test_a_session_changes_the_daemon_with_its_header_and_origin_only():
    change = {"scope": "dashboard", "method": b"POST"}
    origin = b"http://rtm.localhost:9880"
    assert admit(CONTROL, "rtm.localhost", **change) is NO_CSRF
    assert admit(CONTROL, "rtm.localhost", x_rtm_csrf=b"1", **change) is NO_CSRF
    assert admit(CONTROL, "rtm.localhost", origin=origin, **change) is NO_CSRF
    assert admit(CONTROL, "rtm.localhost", origin=origin, x_rtm_csrf=b"1", **change) is None
