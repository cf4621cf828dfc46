"""A request's head: credentials held back, framing checked, lines written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime_manager.gateway.access import Access
from runtime_manager.gateway.header_rules import PASS, request_rule
from runtime_manager.gateway.problems import (
    BAD_FRAMING,
    BAD_VERSION,
    BODY_TOO_LARGE,
    UNKNOWN_ENCODING,
    UNKNOWN_EXPECTATION,
    UNKNOWN_METHOD,
)
from runtime_manager.gateway.request_head import (
    PLAIN,
    Frame,
    RequestHead,
    check_version,
    frame,
    framing_lines,
    without_own_cookies,
    write_head,
)
from runtime_manager.http1.headers import Framing

ACCESS = Access("token", b"k", "d1", 9880)


def head_of(*lines: tuple[bytes, bytes], method: bytes = b"GET", is_http11: bool = True):
    head = RequestHead()
    head.method, head.is_http11 = method, is_http11
    for name, value in lines:
        rule = request_rule(name)
        if rule is PASS:
            head.parts += (name, b": ", value, b"\r\n")
        else:
            head.take(rule, name, value=value, access=ACCESS)
    return head


def lines_of(head: RequestHead) -> list[bytes]:
    return b"".join(head.parts).split(b"\r\n")[:-1]


CHUNKED = (b"Transfer-Encoding", b"chunked")
UPGRADE = ((b"Connection", b"Upgrade"), (b"Upgrade", b"websocket"))


@pytest.mark.parametrize(
    ("lines", "result"),
    [
        ([], PLAIN),
        ([(b"Content-Length", b"0")], PLAIN),
        ([(b"Content-Length", b"007")], Frame(Framing.LENGTH, 7, None)),
        ([(b"Content-Length", b"11")], BODY_TOO_LARGE),
        ([CHUNKED], Frame(Framing.CHUNKED, 0, None)),
        ([(b"transfer-encoding", b" Chunked ")], Frame(Framing.CHUNKED, 0, None)),
        ([CHUNKED, CHUNKED], UNKNOWN_ENCODING),
        ([(b"Transfer-Encoding", b"gzip, chunked")], UNKNOWN_ENCODING),
        ([(b"Transfer-Encoding", b"")], UNKNOWN_ENCODING),
        ([CHUNKED, (b"Content-Length", b"3")], BAD_FRAMING),
        ([(b"Expect", b"100-Continue")], PLAIN),
        ([(b"Expect", b"other")], UNKNOWN_EXPECTATION),
        ([*UPGRADE], Frame(Framing.NO_BODY, 0, b"websocket")),
        ([*UPGRADE, (b"Content-Length", b"3")], Frame(Framing.LENGTH, 3, None)),
        ([(b"Upgrade", b"h2c")], PLAIN),
        ([(b"Upgrade", b"websocket, H2C")], PLAIN),
    ],
)
def test_framing(lines, result):
    head = head_of(*lines)
    assert frame(head, wants_upgrade=b"upgrade" in head.special, body_limit=10) == result


def test_http_1_0_knows_no_chunks_and_no_upgrade():
    assert (
        frame(head_of(CHUNKED, is_http11=False), wants_upgrade=False, body_limit=None)
        is BAD_FRAMING
    )
    assert frame(head_of(*UPGRADE, is_http11=False), wants_upgrade=True, body_limit=None) == PLAIN


def test_a_websocket_begins_with_get():
    post = head_of(*UPGRADE, method=b"POST")
    assert frame(post, wants_upgrade=True, body_limit=None) == PLAIN


@pytest.mark.parametrize("method", [b"CONNECT", b"PRI", b"SOURCE", b"DESCRIBE"])
def test_methods_beyond_http_are_not_forwarded(method):
    assert frame(head_of(method=method), wants_upgrade=False, body_limit=None) is UNKNOWN_METHOD


@pytest.mark.parametrize(
    ("version", "problem"),
    [("1.1", None), ("1.0", None), ("0.9", BAD_VERSION), ("2.0", BAD_VERSION)],
)
def test_versions(version, problem):
    assert check_version(version) is problem


def test_our_credentials_are_seen_and_held_back():
    for line in ((b"Authorization", b"Bearer token"), (b"X-RTM-Token", b"token")):
        head = head_of(line, (b"X-A", b"1"))
        assert head.holds_token
        assert lines_of(head) == [b"X-A: 1"]
    other = head_of((b"Authorization", b"Bearer other"), (b"X-RTM-Token", b"other"))
    assert not other.holds_token
    assert lines_of(other) == [b"Authorization: Bearer other"]


@pytest.mark.parametrize(
    ("value", "left"),
    [
        (b"a=1; b=2", b"a=1; b=2"),
        (b" a=1;;b ; ", b" a=1;;b ; "),
        (b"rtm_session_x=1", None),
        (b"a=1; rtm_session_x=1; b=2", b"a=1; b=2"),
        (b"rtm_session_x=1; rtm_session_y=2; a=1", b"a=1"),
        (b"a=rtm_session_x", b"a=rtm_session_x"),
    ],
)
def test_only_session_cookies_are_taken_out(value, left):
    assert without_own_cookies(value) == left


@given(st.lists(st.sampled_from([b"a=1", b"rtm_session_d=2", b" b", b"\trtm_session_e=3", b""])))
def test_no_session_cookie_is_left(cookies):
    left = without_own_cookies(b";".join(cookies)) or b""
    assert b"rtm_session_" not in left
    assert left.count(b"a=1") == cookies.count(b"a=1")


def test_lines_a_client_nominates_are_left_out_and_framing_is_not():
    head = head_of(
        (b"X-A", b"1"), (b"x-b", b"2"), (b"Content-Length", b"3"),
        (b"Connection", b"close, X-B"), (b"Connection", b"content-length"),
    )  # fmt: skip
    head.drop_nominated()
    assert lines_of(head) == [b"X-A: 1"]
    assert framing_lines(head, Frame(Framing.LENGTH, 3, None)) == b"Content-Length: 3\r\n"


def test_all_lines_count_towards_the_limits():
    head = head_of((b"X-A", b"1"), (b"Keep-Alive", b"5"), (b"Host", b"h"))
    assert head.line_bytes() == len(b"X-A: 1\r\nKeep-Alive: 5\r\nHost: h\r\n")
    assert head.lines() == 3


@pytest.mark.parametrize(
    ("value", "kept"),
    [(b"abc-1", b"abc-1"), (b"", None), (b"a b", None), (b"x" * 201, None), (b"caf\xe9", None)],
)
def test_a_clients_request_id_is_taken_when_it_is_plain(value, kept):
    assert head_of((b"X-Request-Id", value)).request_id() == kept


def test_the_head_is_written_in_order():
    head = head_of((b"X-A", b"1"), (b"Host", b"h"), (b"TE", b"trailers"), CHUNKED)
    framed = Frame(Framing.CHUNKED, 0, None)
    assert write_head(head, framed, target=b"/x", host=b"h", lines=b"L: 1\r\n") == (
        b"GET /x HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nL: 1\r\nTransfer-Encoding: chunked\r\n"
        b"TE: trailers\r\nConnection: TE\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("lines", "framed", "written"),
    [
        ([], PLAIN, b""),
        ([(b"Content-Length", b"0")], PLAIN, b"Content-Length: 0\r\n"),
        ([(b"Expect", b"100-continue")], PLAIN, b"Expect: 100-continue\r\n"),
        ([(b"Trailer", b"X")], PLAIN, b""),
        (
            [(b"Trailer", b"X")],
            Frame(Framing.CHUNKED, 0, None),
            b"Transfer-Encoding: chunked\r\nTrailer: X\r\n",
        ),
        (
            [(b"TE", b"trailers")],
            Frame(Framing.NO_BODY, 0, b"WebSocket"),
            b"Connection: Upgrade\r\nUpgrade: WebSocket\r\n",
        ),
    ],
)
def test_framing_lines(lines, framed, written):
    assert framing_lines(head_of(*lines), framed) == written
