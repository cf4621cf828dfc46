"""Under which target a provider is asked, and where its redirects lead."""

from __future__ import annotations

import pytest

from runtime_manager.gateway.forwarding import (
    Redirect,
    forwarded_lines,
    passage,
    relocated,
)
from runtime_manager.gateway.routes import Gate, Route

STRIPPED = Route("/ns", "cool", Gate.OPEN, None, name="cool")
KEPT = Route("/ns", "cool", Gate.OPEN, None, name="cool", strip_prefix=False)
ROOT = Route("/", "root", Gate.OPEN, None)
NAMED_ONLY = Route("", "rtm", Gate.OPEN, None, name="rtm", strip_prefix=False)


def go(route, target: bytes, *, label=None, method=b"GET", is_upgrade=False):
    parsed = (None, target.partition(b"?")[0], target)
    return passage(route, parsed, label=label, method=method, is_upgrade=is_upgrade)


@pytest.mark.parametrize(
    ("route", "target", "label", "result"),
    [
        (STRIPPED, b"/ns/x?y", None, (b"/x?y", b"/ns")),
        (STRIPPED, b"/ns/", None, (b"/", b"/ns")),
        (STRIPPED, b"/ns//x", None, (b"//x", b"/ns")),
        (STRIPPED, b"/ns", None, Redirect(b"/ns/")),
        (STRIPPED, b"/ns?", None, Redirect(b"/ns/?")),
        (STRIPPED, b"/x", "cool", (b"/x", b"")),
        (STRIPPED, b"/ns/x", "cool", (b"/ns/x", b"")),
        (KEPT, b"/ns/x", None, (b"/ns/x", b"")),
        (KEPT, b"/ns", None, (b"/ns", b"")),
        (KEPT, b"/ns/x", "cool", (b"/ns/x", b"")),
        (KEPT, b"/ns?x", "cool", (b"/ns?x", b"")),
        (KEPT, b"/nsx", "cool", Redirect(b"/ns/nsx")),
        (KEPT, b"/?q", "cool", Redirect(b"/ns/?q")),
        (ROOT, b"/x", None, (b"/x", b"")),
        (NAMED_ONLY, b"/x", "rtm", (b"/x", b"")),
        (NAMED_ONLY, b"/", "rtm", (b"/", b"")),
    ],
)
def test_a_get_goes_on(route, target, label, result):
    assert go(route, target, label=label) == result


@pytest.mark.parametrize(
    ("route", "target", "label", "result"),
    [
        (STRIPPED, b"/ns", None, (b"/", b"/ns")),
        (STRIPPED, b"/ns?a", None, (b"/?a", b"/ns")),
        (KEPT, b"/x?y", "cool", (b"/ns/x?y", b"")),
    ],
)
def test_what_cannot_be_redirected_is_forwarded(route, target, label, result):
    assert go(route, target, label=label, method=b"POST") == result
    assert go(route, target, label=label, is_upgrade=True) == result


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        (b"/x", b"/ns/x"),
        (b"/ns", b"/ns"),
        (b"/ns/x", b"/ns/x"),
        (b"/ns?x", b"/ns?x"),
        (b"/ns#x", b"/ns#x"),
        (b"/nsx", b"/ns/nsx"),
        (b"//h/x", b"//h/x"),
        (b"", b""),
        (b"x/y", b"x/y"),
        (b"http://h:1/x", b"http://h:1/ns/x"),
        (b"HTTP://H:1/x", b"HTTP://H:1/ns/x"),
        (b"https://h:1/ns/x", b"https://h:1/ns/x"),
        (b"http://h:1", b"http://h:1/ns/"),
        (b"http://h:1?x", b"http://h:1/ns/?x"),
        (b"http://h:10/x", b"http://h:10/x"),
        (b"http://h:1@evil/x", b"http://h:1@evil/x"),
    ],
)
def test_redirects_lead_back_below_the_prefix(value, seen):
    assert relocated(value, prefix=b"/ns", own_authority=b"h:1") == seen


@pytest.mark.parametrize("value", [b"/x", b"http://h:1/x", b"x", b"//h"])
def test_without_a_stripped_prefix_redirects_stay(value):
    assert relocated(value, prefix=b"", own_authority=b"h:1") == value


def test_a_provider_is_told_of_the_client():
    assert forwarded_lines("::1", b"[::1]:9880", port=9880) == (
        b"X-Forwarded-For: ::1\r\n"
        b"X-Forwarded-Proto: http\r\n"
        b"X-Forwarded-Host: [::1]:9880\r\n"
        b"X-Forwarded-Port: 9880\r\n"
        b'Forwarded: for="[::1]";host="[::1]:9880";proto=http\r\n'
    )
    assert b"For:" not in forwarded_lines("", b"localhost", port=1)
