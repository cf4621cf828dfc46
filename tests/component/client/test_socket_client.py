"""The small HTTP client against bytes as they may come."""

from __future__ import annotations

from _socket import SHUT_WR, socketpair

import pytest

from runtime_manager.client.failures import NoDaemonError, ProblemError
from runtime_manager.client.socket_client import Exchange, SocketClient
from runtime_manager.errors import ProtocolError, WaitTimeoutError


class Peer:
    """An exchange whose answer is the bytes given; the connection then ends unless `is_open`."""

    def __init__(self, answer: bytes, *, is_open: bool = False) -> None:
        ours, self._theirs = socketpair()
        self._theirs.sendall(answer)
        if not is_open:
            self._theirs.shutdown(SHUT_WR)
        self.exchange = Exchange(ours)

    def __enter__(self) -> Exchange:
        return self.exchange

    def __exit__(self, *_: object) -> None:
        self.exchange.close()
        self._theirs.close()


@pytest.mark.parametrize(
    "answer",
    [
        b'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{"a": 1}',
        b'HTTP/1.1 200 OK\r\ncontent-length:8\r\n\r\n{"a": 1}more than it said',
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b'3;x=y\r\n{"a\r\n5\r\n": 1}\r\n0\r\nX: t\r\n\r\n',
        b'HTTP/1.0 200 OK\r\n\r\n{"a": 1}',
        b'HTTP/1.1 200\r\n\r\n{"a": 1}',
    ],
)
def test_a_body_is_read_in_each_framing(answer: bytes) -> None:
    with Peer(answer) as exchange:
        assert exchange.document() == {"a": 1}


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (b"", "stopped short"),
        (b"HTTP/1.1 200 OK\r\nContent-", "stopped short"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", "stopped short"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", "stopped short"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "not HTTP"),
        (b"SSH-2.0-OpenSSH\r\n", "not HTTP"),
        (b"HTTP/1.1 abc\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 300, "no end of head"),
        (b"x" * 70000, "stopped short"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", "not a JSON object"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{x", "not a JSON object"),
    ],
)
def test_an_answer_that_is_not_one_is_a_protocol_error(answer: bytes, complaint: str) -> None:
    with Peer(answer) as exchange, pytest.raises(ProtocolError, match=complaint):
        exchange.document()


def test_a_refusal_is_its_problem() -> None:
    body = b'{"detail": "no", "code": "c", "hint": "h"}'
    head = b"HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\n\r\n" % len(body)
    with Peer(head + body) as exchange, pytest.raises(ProblemError) as caught:
        list(exchange.lines())
    assert caught.value.problem == {"detail": "no", "code": "c", "hint": "h"}


def test_a_refusal_that_is_no_problem_is_its_status() -> None:
    answer = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\noops"
    with Peer(answer) as exchange, pytest.raises(ProblemError, match="status 502"):
        exchange.document()


def test_lines_come_as_soon_as_they_are_whole() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with Peer(head + b"5\r\none\r\n\r\n3\r\ntwo\r\n", is_open=True) as exchange:
        assert next(exchange.lines()) == "one"


def test_a_last_line_without_its_end_counts() -> None:
    with Peer(b"HTTP/1.1 200 OK\r\n\r\none\ntwo") as exchange:
        assert list(exchange.lines()) == ["one", "two"]


def test_an_answer_that_does_not_come_is_a_time_out() -> None:
    with Peer(b"HTTP/1.1 200 OK\r\n", is_open=True) as exchange:
        exchange.limit_wait(0.01)
        with pytest.raises(WaitTimeoutError):
            exchange.document()


@pytest.mark.parametrize("path", ["/nowhere/api.sock", "/" + "x" * 200, "nul\0"])
def test_a_socket_that_cannot_be_reached_is_no_daemon(path: str) -> None:
    with pytest.raises(NoDaemonError):
        SocketClient(path, hint="start it").get("/")
