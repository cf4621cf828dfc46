"""Host and Origin values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime_manager.gateway.host import HostName, parse_host, parse_origin


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (b"localhost", HostName("localhost", None)),
        (b"LocalHost:80", HostName("localhost", 80)),
        (b"[::1]:9880", HostName("[::1]", 9880)),
        (b"a-b.localhost", HostName("a-b.localhost", None)),
        (b"127.0.0.1:65535", HostName("127.0.0.1", 65535)),
    ],
)
def test_a_host_is_read(value, name):
    assert parse_host(value) == name
    assert parse_host(str(name).encode()) == name


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b" ",
        b"a b",
        b"a,b",
        b"a, b",
        b"u@h",
        b"h/path",
        b"h?q",
        b"h#f",
        b"h:",
        b"h:0",
        b"h:65536",
        b"h:x",
        b"h:80:80",
        b"::1",
        b"[::1",
        b"h.",
        b".h",
        b"-h",
        b"h\n",
        b"http://h",
        b"h\xe9",
        b"h:+80",
    ],
)
def test_what_looks_odd_is_no_host(value):
    assert parse_host(value) is None


@pytest.mark.parametrize(
    "value",
    [b"null", b"", b"https://h", b"h", b"http://", b"http://h/", b"http://u@h", b"HTTP://h"],
)
def test_only_plain_http_origins_are_read(value):
    assert parse_origin(value) is None


def test_an_origin_is_read():
    assert parse_origin(b"http://h:1") == HostName("h", 1)


@given(st.binary(max_size=30))
def test_a_host_that_is_read_has_no_character_that_could_mean_more(value):
    host = parse_host(value)
    if host is not None:
        assert not set("@/,\\ \t\r\n?#") & set(host.name)
