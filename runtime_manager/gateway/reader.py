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
        "_has_moved",
        "_head",
        "_head_fed",
        "_last",
        "_lines",
        "_parser",
        "_raw_left",
        "_read_bytes",
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
        """What came of it, or of a body's frames, in earlier reads."""
        self._has_moved = False
        """Whether the read at hand has brought a piece of the body."""
        self._read_bytes = 0
        """What the read at hand has brought."""
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
            self._read_bytes = len(data)
            if self._raw_left:
                data = self._pass_raw(data)
                continue
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as stop:
                data = self._stopped_for_upgrade(data[stop.args[0] :])
                continue
            except httptools.HttpParserError:
                if self._parser is not None:
                    self.refuse(problems.BAD_REQUEST)
                return
            if self._head is not None or self._body_left:
                self._go_on_later()
            elif self._reading is not None:
                self._bound_frames(len(data))
            return
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
        self._engine.notes.note("gateway.bad_request", problem=problem.code)
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

    def on_url(self, data: bytes) -> None:
        """A piece of the request target."""
        if self._head is not None:
            self._head.target += data

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
        self._check(head)
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
        self._has_moved = True
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

    def _go_on_later(self) -> None:
        """A read has ended inside a head or a sized body."""
        if self._head is not None:
            if not self._head_fed:
                self._front.head_begun()
            self._head_fed += self._read_bytes
            self._read_bytes = 0
            problem = self._excess(self._head)
            if problem is not None:
                self.refuse(problem)
        elif self._body_left > RAW_ABOVE_BYTES:
            self._raw_left, self._body_left = self._body_left, 0

    def _bound_frames(self, fed: int) -> None:
        """Bound what is no body of a chunked request: trailers, and extensions of chunks."""
        if self._has_moved:
            self._has_moved, self._head_fed = False, 0
            return
        self._head_fed += fed
        if self._head_fed > self._engine.limits.whole_head_bytes:
            self.refuse(problems.HEAD_TOO_LARGE)

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

    def _check(self, head: RequestHead) -> None:
        problem = self._excess(head)
        self._head_fed = 0
        if problem is not None:
            self._stop(problem)

    def _excess(self, head: RequestHead) -> Problem | None:
        """What is too long about a head; one long line is not seen in it until it ends."""
        limits = self._engine.limits
        fed = self._head_fed + self._read_bytes
        if len(head.target) > limits.target_limit_bytes:
            return problems.TARGET_TOO_LONG
        if head.lines() > limits.header_limit or self._head_fed > limits.whole_head_bytes:
            return problems.HEAD_TOO_LARGE
        is_small = fed <= limits.head_limit_bytes or head.line_bytes() <= limits.head_limit_bytes
        return None if is_small else problems.HEAD_TOO_LARGE

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
