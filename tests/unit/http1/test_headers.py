"""Header rules that both sides of a connection share."""

from __future__ import annotations

import pytest

from runtime_manager.http1.headers import Framing, canonical, list_items, response_framing


@pytest.mark.parametrize(
    ("value", "items"),
    [(b"a, B ,\tc", [b"a", b"b", b"c"]), (b"", []), (b",, ,", []), (b"a b", [b"a b"])],
)
def test_lists(value, items):
    assert list_items(value) == items


def test_names_as_a_cgi_program_reads_them():
    assert canonical(b"X_Forwarded.FOR") == b"x-forwarded-for"


@pytest.mark.parametrize(
    ("status", "is_head", "length", "encoding", "framing"),
    [
        (200, False, b"5", None, Framing.LENGTH),
        (200, False, None, None, Framing.UNTIL_CLOSE),
        (200, False, None, b"Chunked", Framing.CHUNKED),
        (200, False, None, b"gzip, chunked", None),
        (200, False, None, b"gzip", None),
        (200, True, b"5", None, Framing.NO_BODY),
        (200, True, None, b"gzip", Framing.NO_BODY),
        (204, False, b"5", None, Framing.NO_BODY),
        (304, False, b"5", None, Framing.NO_BODY),
    ],
)
def test_how_an_answer_is_framed(status, is_head, length, encoding, framing):
    got = response_framing(status, is_head=is_head, length=length, encoding=encoding)
    assert got is framing
