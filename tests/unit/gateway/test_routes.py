"""Which route a path or a name leads to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime_manager.gateway.routes import Gate, Route, RouteTable

SEGMENTS = st.lists(st.sampled_from(["a", "b", "ab", "%61", ""]), max_size=5)


def route(prefix: str, code: str = "", **fields) -> Route:
    return Route(prefix, code or prefix, Gate.CLOSED, None, **fields)


def slow_find(table: RouteTable, path: str) -> Route | None:
    """The definition, spelled out."""
    found = [
        r
        for r in table.routes
        if r.prefix and (path == r.prefix or path.startswith(r.prefix.rstrip("/") + "/"))
    ]
    return max(found, key=lambda r: len(r.prefix), default=None)


@given(st.lists(SEGMENTS, max_size=5), SEGMENTS)
def test_find_is_the_longest_prefix_of_whole_segments(prefixes, path):
    unique = dict.fromkeys("/" + "/".join(p).strip("/") for p in prefixes)
    table = RouteTable(1, tuple(route(p) for p in unique if "//" not in p))
    asked = "/" + "/".join(path)
    assert table.find(asked.encode()) == slow_find(table, asked)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (b"/ns", "/ns"),
        (b"/ns/", "/ns"),
        (b"/ns/x/y", "/ns"),
        (b"/ns/in", "/ns/in"),
        (b"/ns/in/x", "/ns/in"),
        (b"/ns/inx", "/ns"),
        (b"/nsx", None),
        (b"/%6es", None),
        (b"//ns", None),
        (b"/", None),
        (b"", None),
    ],
)
def test_a_path_finds_its_route(path, found):
    table = RouteTable(1, (route("/ns"), route("/ns/in")))
    got = table.find(path)
    assert (got and got.prefix) == found


def test_the_first_of_two_equal_prefixes_counts():
    table = RouteTable(1, (route("/ns", "one", name="n"), route("/ns", "two", name="n")))
    assert table.find(b"/ns").code == "one"
    assert table.by_name("n").code == "one"


def test_by_name_everything_goes_to_the_named_route():
    cool, other = route("/cool", name="cool"), route("/other", name="other")
    table = RouteTable(1, (cool, other))
    assert table.choose("cool", b"/other/x") is cool
    assert table.choose(None, b"/other/x") is other
    assert table.choose("unknown", b"/cool") is None
    assert table.choose(None, b"/unknown") is None


def test_a_route_on_every_host_comes_before_the_name():
    cool, everywhere = route("/cool", name="cool"), route("/_rtm/session", on_every_host=True)
    table = RouteTable(1, (cool, everywhere))
    assert table.choose("cool", b"/_rtm/session") is everywhere
    assert table.choose("unknown", b"/_rtm/session") is everywhere


def test_a_route_with_only_a_name_gives_way_to_its_codes_path_routes():
    named = route("", "rtm", name="rtm")
    health = route("/healthz", "rtm")
    cool = route("/cool", "cool")
    table = RouteTable(1, (named, health, cool))
    assert table.choose("rtm", b"/healthz") is health
    assert table.choose("rtm", b"/cool") is named
    assert table.choose("rtm", b"/") is named
    assert table.choose(None, b"/") is None
