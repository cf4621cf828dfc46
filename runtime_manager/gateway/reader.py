"""Requests out of a client's bytes: heads collected and framed, bodies passed on piece by piece.

Heads are decided on inside the parser's callbacks, by way of `front.accept`. When the connection
can carry no further request the parser is let go, and what still comes is ignored.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import httptools

from runtime_manager.gateway import problems
from runtime_manager.gateway.exchange import Exchange, Phase
from runtime_manager.gateway.header_rules import PASS, only_trailers
from runtime_manager.gateway.problems import Problem
from runtime_manager.gateway.request_head import RequestHead, check_version, frame
from runtime_manager.gateway.wire import RAW_ABOVE_BYTES
from runtime_manager.http1.headers import Framing

if TYPE_CHECKING:
    from runtime_manager.gateway.front import Front


class _StopError(Exception):
    """Raised in a callback to stop the parser: the connection's last answer is decided."""


class RequestReader:
    """Reads the requests of one connection and hands them to its front in order."""

    __slots__ = (
        "_body_left",
        "_early",
        "_engine",
        "_front",
        "_has_hidden_body",
        "_head",
        "_head_fed",
        "_last",
        "_lines",
        "_parser",
        "_raw_left",
        "_reading",
        "_rules",
    )

    def __init__(self, front: Front) -> None:
        self._front = front
        self._engine = front.engine
        self._parser: httptools.HttpRequestParser | None = httptools.HttpRequestParser(self)
        self._rules = front.engine.request_rules
        self._head: RequestHead | None = None
        """The head being read."""
        self._lines: list[bytes] = []
        """Where lines that pass go: the parts of the head being read, or trailers."""
        self._head_fed = 0
        self._reading: Exchange | None = None
        """The request whose body is being read."""
        self._last: Exchange | None = None
        self._body_left = 0
        """Of a sized body, as the parser sees it come."""
        self._raw_left = 0
        """Of a sized body that passes without the parser."""
        self._has_hidden_body = False
        self._early: list[bytes] | None = None
        """What came after a request to switch protocols; None while the connection is HTTP."""

    @property
    def is_in_head(self) -> bool:
        """Whether a head has begun and is not whole."""
        return self._head is not None

    def feed(self, data: bytes) -> None:
        """Take what the client sent."""
        while data and self._parser is not None:
            data = self._feed(self._parser, data)
        if self._early is not None and data:
            self._early.append(data)
            self._front.pause_reading()

    def take_early(self) -> list[bytes]:
        """What the client sent after its request to switch protocols."""
        early, self._early = self._early, None
        return early or []

    def resume(self) -> bool:
        """The switch of protocols was refused: read on; False when that is not possible.

        A client that has gone ahead in the other protocol cannot be understood any more.
        """
        if self._early is None:
            return True
        if self.take_early():
            return False
        self._parser = httptools.HttpRequestParser(self)
        return True

    def close(self) -> None:
        """Read no more. The parser holds our methods: a cycle that is broken here."""
        self._parser = None
        self._reading = self._last = None

    def refuse(self, problem: Problem) -> None:
        """End the reading: the request at hand is answered so, in its turn."""
        exchange, head = self._reading, self._head
        self._parser = self._head = self._reading = None
        if exchange is not None:
            self._front.give_up(exchange, problem)
        elif self._last is None or self._last.keeps_alive:
            head = head or RequestHead()
            head.keeps_alive = False
            self._front.accept(Exchange(self._front, head, frame=problem))

    # httptools callbacks

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._head = head = RequestHead()
        self._lines = head.parts
        self._head_fed = 0
        self._front.head_begun()

    def on_url(self, data: bytes) -> None:
        """A piece of the request target."""
        head = self._head
        if head is not None:
            head.target = head.target + data if head.target else data
            if len(head.target) > self._engine.limits.target_limit_bytes:
                self._stop(problems.TARGET_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A line of the head, or of the trailers."""
        rule = self._rules[name]
        if rule is PASS:
            lines = self._lines
            lines += (name, b": ", value, b"\r\n")
        elif self._head is not None:
            self._head.take(rule, name, value=value, access=self._engine.access)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        head, parser = self._head, self._parser
        if head is None or parser is None:
            raise _StopError
        if not self._is_within_limits(head):
            self._stop(problems.HEAD_TOO_LARGE)
        self._head = None
        self._lines = []
        exchange = self._last = self._exchange(head, parser)
        self._reading = None if exchange.is_received else exchange
        self._body_left = exchange.frame.length
        self._front.accept(exchange)
        if exchange.problem is not None or (exchange.phase is Phase.OVER and self._reading):
            self.close()
            raise _StopError

    def on_body(self, data: bytes) -> None:
        """A piece of the body, without its chunk's frame."""
        exchange = self._reading
        if exchange is None or exchange.phase is Phase.OVER:
            raise _StopError
        if self._body_left:
            self._body_left -= len(data)
        exchange.add_body(data)
        limit = self._engine.limits.body_limit_bytes
        if limit is not None and exchange.body_bytes > limit:
            self._stop(problems.BODY_TOO_LARGE)

    def on_message_complete(self) -> None:
        """The request is whole."""
        exchange = self._reading
        if exchange is not None and not self._has_hidden_body:
            self._reading = None
            exchange.end_body(only_trailers(self._lines))

    # Reading

    def _feed(self, parser: httptools.HttpRequestParser, data: bytes) -> bytes:
        """Feed what is there; returns what is to be taken in another way."""
        if self._raw_left:
            return self._pass_raw(data)
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade as stop:
            return self._stopped_for_upgrade(data[stop.args[0] :])
        except httptools.HttpParserError:
            if self._parser is not None:
                self.refuse(problems.BAD_REQUEST)
            return b""
        if self._head is not None:
            self._check_unfinished(self._head, len(data))
        if self._body_left > RAW_ABOVE_BYTES:
            self._raw_left, self._body_left = self._body_left, 0
        return b""

    def _exchange(self, head: RequestHead, parser: httptools.HttpRequestParser) -> Exchange:
        version = parser.get_http_version()
        head.method = parser.get_method()
        head.is_http11 = version == "1.1"
        head.keeps_alive = parser.should_keep_alive()
        wants_upgrade = parser.should_upgrade()
        framed = check_version(version) or frame(
            head, wants_upgrade=wants_upgrade, body_limit=self._engine.limits.body_limit_bytes
        )
        exchange = Exchange(self._front, head, frame=framed)
        if wants_upgrade and not exchange.is_received:
            # The parser takes every request to upgrade for one without a body.
            self._has_hidden_body = True
            exchange.keeps_alive = False
        return exchange

    def _pass_raw(self, data: bytes) -> bytes:
        exchange = self._reading
        if exchange is None or exchange.phase is Phase.OVER:
            self.close()
            return b""
        mine, rest = (data, b"") if len(data) <= self._raw_left else _cut(data, self._raw_left)
        exchange.add_body(mine)
        self._raw_left -= len(mine)
        if not self._raw_left:
            exchange.end_body([])
            self._reading = None
            # The old parser still waits for the body, and knows whether it was the last request.
            self._parser = httptools.HttpRequestParser(self) if exchange.keeps_alive else None
        return rest

    def _check_unfinished(self, head: RequestHead, fed: int) -> None:
        """Bound a head that never ends; one long line is not told of until it does."""
        limits = self._engine.limits
        self._head_fed += fed
        if self._head_fed > limits.whole_head_bytes or not self._is_within_limits(head):
            self.refuse(problems.HEAD_TOO_LARGE)

    def _is_within_limits(self, head: RequestHead) -> bool:
        limits = self._engine.limits
        return head.is_within(bytes_limit=limits.head_limit_bytes, lines_limit=limits.header_limit)

    def _stopped_for_upgrade(self, rest: bytes) -> bytes:
        exchange = self._last
        if self._has_hidden_body and exchange is not None and self._reading is exchange:
            self._has_hidden_body = False
            self._parser = self._body_parser(exchange)
        elif exchange is None or exchange.phase is Phase.OVER:
            pass  # refused already: what follows is HTTP
        elif exchange.frame.upgrade is not None:
            self._parser, self._early = None, []
        return rest

    def _body_parser(self, exchange: Exchange) -> httptools.HttpRequestParser:
        """A parser that is past a head with this framing, and takes no request after it."""
        callbacks = SimpleNamespace(
            on_header=self.on_header,
            on_body=self.on_body,
            on_message_complete=self.on_message_complete,
        )
        parser = httptools.HttpRequestParser(callbacks)
        is_chunked = exchange.frame.framing is Framing.CHUNKED
        framing = (
            b"Transfer-Encoding: chunked"
            if is_chunked
            else b"Content-Length: %d" % exchange.frame.length
        )
        parser.feed_data(b"POST / HTTP/1.1\r\nConnection: close\r\n%b\r\n\r\n" % framing)
        return parser

    def _stop(self, problem: Problem) -> None:
        self.refuse(problem)
        raise _StopError


def _cut(data: bytes, at: int) -> tuple[bytes, bytes]:
    return data[:at], data[at:]
