"""Request targets: forms, and dot segments in every disguise."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime_manager.gateway.problems import BAD_TARGET, DOT_SEGMENTS
from runtime_manager.gateway.target import has_dot_segments, parse_target

PIECES = st.lists(
    st.sampled_from(
        [
            b"/",
            b"a",
            b".",
            b"..",
            b"%2e",
            b"%2E",
            b"%252e",
            b"%2f",
            b"%5c",
            b"\\",
            b"%09",
            b"%",
            b";",
        ]
    ),
    max_size=12,
)


@pytest.mark.parametrize(
    ("target", "parsed"),
    [
        (b"/a?b", (None, b"/a", b"/a?b")),
        (b"/a?", (None, b"/a", b"/a?")),
        (b"/a#b?c", (None, b"/a", b"/a")),
        (b"/a?b#c", (None, b"/a", b"/a?b")),
        (b"http://h:1/a?b", (b"h:1", b"/a", b"/a?b")),
        (b"HTTP://h", (b"h", b"/", b"/")),
        (b"http://h?q", (b"h", b"/", b"/?q")),
        (b"/a?../b", (None, b"/a", b"/a?../b")),
        (b"*", BAD_TARGET),
        (b"", BAD_TARGET),
        (b"h:443", BAD_TARGET),
        (b"https://h/", BAD_TARGET),
        (b"ftp://h/", BAD_TARGET),
        (b"/a/../b", DOT_SEGMENTS),
        (b"http://h/a/..", DOT_SEGMENTS),
    ],
)
def test_a_target_is_read(target, parsed):
    assert parse_target(target) == parsed


@pytest.mark.parametrize(
    "path",
    [
        b"/.", b"/..", b"/a/./b", b"/a/../b", b"/%2e%2e/", b"/.%2e", b"/.%252e", b"/.%25252e/",
        b"/.%09.", b"/a%2f..%2fb", b"/a\\..\\b", b"/..%5c", b"/..;x/", b"/%2e%2e%3b/", b"/.%00./",
    ],
)  # fmt: skip
def test_dot_segments_are_seen(path):
    assert has_dot_segments(path)


@pytest.mark.parametrize(
    "path",
    [b"/", b"/a.b", b"/.hidden", b"/...", b"/a..b", b"/..a", b"/%2F", b"/%", b"/a%20.b", b"/.a%2e"],
)
def test_dots_elsewhere_are_none(path):
    assert not has_dot_segments(path)


@given(PIECES)
def test_no_way_of_decoding_shows_a_dot_segment_that_was_not_seen(pieces):
    path = b"/" + b"".join(pieces)
    if has_dot_segments(path):
        return
    for _ in range(6):
        segments = path.replace(b"\\", b"/").split(b"/")
        assert not {b".", b".."} & {segment.partition(b";")[0] for segment in segments}
        path = unquote_to_bytes(path)


@given(st.binary(max_size=60))
def test_a_target_that_is_taken_is_never_rewritten(rest):
    target = b"/" + rest
    parsed = parse_target(target)
    if isinstance(parsed, tuple):
        _, path, path_and_query = parsed
        assert target.startswith(path_and_query)
        assert path_and_query.startswith(path)
