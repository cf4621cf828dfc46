"""An answer's head, as each client can take it."""

from __future__ import annotations

import pytest

from runtime_manager.gateway.header_rules import PASS, response_rule
from runtime_manager.gateway.response_head import (
    ResponseHead,
    client_framing,
    connection_line,
    framing_lines,
)
from runtime_manager.http1.headers import Framing


def head_of(*lines: tuple[bytes, bytes]) -> ResponseHead:
    head = ResponseHead()
    for name, value in lines:
        rule = response_rule(name)
        if rule is PASS:
            head.parts += (name, b": ", value, b"\r\n")
        else:
            head.take(rule, name, value=value)
    return head


@pytest.mark.parametrize(
    ("framing", "for_11", "for_10"),
    [
        (Framing.NO_BODY, Framing.NO_BODY, Framing.NO_BODY),
        (Framing.LENGTH, Framing.LENGTH, Framing.LENGTH),
        (Framing.CHUNKED, Framing.CHUNKED, Framing.UNTIL_CLOSE),
        (Framing.UNTIL_CLOSE, Framing.CHUNKED, Framing.UNTIL_CLOSE),
    ],
)
def test_chunks_are_for_http_1_1(framing, for_11, for_10):
    assert client_framing(framing, is_http11=True) is for_11
    assert client_framing(framing, is_http11=False) is for_10


@pytest.mark.parametrize(
    ("framing", "status", "lines"),
    [
        (Framing.LENGTH, 200, b"Content-Length: 5\r\n"),
        (Framing.NO_BODY, 304, b"Content-Length: 5\r\n"),
        (Framing.NO_BODY, 204, b""),
        (Framing.CHUNKED, 200, b"Transfer-Encoding: chunked\r\nTrailer: X\r\n"),
    ],
)
def test_framing_lines(framing, status, lines):
    head = head_of((b"Content-Length", b"5"), (b"Trailer", b"X"))
    assert framing_lines(head, framing, status=status) == lines


def test_lines_a_provider_nominates_are_left_out():
    head = head_of((b"X-A", b"1"), (b"X-B", b"2"), (b"Connection", b"keep-alive, x-a"))
    head.drop_nominated()
    assert b"".join(head.parts) == b"X-B: 2\r\n"


@pytest.mark.parametrize(
    ("keeps_alive", "is_http11", "line"),
    [
        (True, True, b""),
        (True, False, b"Connection: keep-alive\r\n"),
        (False, True, b"Connection: close\r\n"),
        (False, False, b"Connection: close\r\n"),
    ],
)
def test_the_connection_is_spoken_of_where_the_default_differs(keeps_alive, is_http11, line):
    assert connection_line(keeps_alive=keeps_alive, is_http11=is_http11) == line
