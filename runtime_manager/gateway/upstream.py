"""The provider's side of an exchange: one kept-alive connection, its answers streamed through.

The parser's callbacks write straight into `_out`, which goes to the client once per read.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, cast

import httptools

from runtime_manager.gateway import problems
from runtime_manager.gateway.exchange import Phase
from runtime_manager.gateway.header_rules import PASS, NameRules, only_trailers
from runtime_manager.gateway.response_head import (
    ResponseHead,
    client_framing,
    connection_line,
    framing_lines,
    write_head,
)
from runtime_manager.gateway.sessions import COOKIE_PREFIX
from runtime_manager.gateway.wire import BUFFER_HIGH_BYTES, RAW_ABOVE_BYTES, write_parts
from runtime_manager.http1.headers import Framing, response_framing

if TYPE_CHECKING:
    from runtime_manager.gateway.exchange import Exchange
    from runtime_manager.gateway.pool import Pool
    from runtime_manager.gateway.ticker import Ticker

HEAD_LIMIT_BYTES = 256 * 1024
_OWN_COOKIE = COOKIE_PREFIX.encode()
_VERSIONS = frozenset({"1.1", "1.0"})
_LAST_READ_BYTES = 256 * 1024


class _BadAnswerError(Exception):
    """Raised in a callback to stop the parser; the answer cannot be passed on."""


class Upstream(asyncio.Protocol):
    """One connection to a provider. It belongs to its pool, or to the exchange it serves."""

    __slots__ = (
        "_client",
        "_framing",
        "_has_moved",
        "_head",
        "_head_fed",
        "_is_done",
        "_keeps_alive",
        "_lines",
        "_out",
        "_parser",
        "_pool",
        "_raw_left",
        "_rules",
        "_sent_framing",
        "_status",
        "_ticker",
        "_was_reused",
        "exchange",
        "fileno",
        "idle_since",
        "is_write_paused",
        "transport",
    )

    transport: asyncio.Transport
    _client: asyncio.Transport

    def __init__(self, pool: Pool, *, rules: NameRules, ticker: Ticker) -> None:
        self._pool = pool
        self._rules = rules
        self._ticker = ticker
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self.exchange: Exchange | None = None
        self.idle_since = 0.0
        self.fileno = -1
        self.is_write_paused = False
        self._was_reused = False
        self._out: list[bytes] = []
        self._reset()

    def _reset(self) -> None:
        self._head: ResponseHead | None = None
        self._head_fed = 0
        self._has_moved = False
        self._framing: Framing | None = None
        self._sent_framing: Framing | None = None
        self._status = 0
        self._raw_left = 0
        self._is_done = False
        self._keeps_alive = False
        self._lines: list[bytes] = []
        """Where lines that pass go: the parts of the head being read, or trailers."""

    # What the exchange does

    def begin(self, exchange: Exchange) -> None:
        """Serve an exchange from now on."""
        self.exchange = exchange
        self._client = exchange.front.transport
        if exchange.front.is_write_paused:
            self.transport.pause_reading()

    def drop(self) -> None:
        """The exchange has ended before its answer did: this connection can serve no other."""
        self.exchange = None
        self.transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=BUFFER_HIGH_BYTES)
        self.fileno = transport.get_extra_info("socket").fileno()
        self._pool.opened(self)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        exchange = self.exchange
        if exchange is None:  # bytes nobody asked for: never trust this connection again
            self.transport.abort()
            return
        if self._raw_left:
            exchange.front.moved()
            self._pass_raw(data, exchange)
            return
        if self._parser is None:
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as stop:
            self._switch(exchange, data[stop.args[0] :])
            return
        except httptools.HttpParserError:
            if not self._is_done:  # else it is what follows a whole answer, and is not passed on
                self._fail(exchange)
                return
            self._keeps_alive = False
        if self._out:
            write_parts(self._client, self._out)
            self._out = []
        if self._is_done:
            self._finish(exchange)
        else:
            exchange.front.moved()
            self._check_unfinished(len(data))

    def pause_writing(self) -> None:
        """See asyncio.Protocol."""
        self.is_write_paused = True
        if self.exchange is not None:
            self.exchange.front.pause_reading()

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        self.is_write_paused = False
        if self.exchange is not None:
            self.exchange.front.resume_reading()

    def eof_received(self) -> bool:
        """See asyncio.Protocol."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        if exc is not None and self.exchange is not None and not self.exchange.is_received:
            self._read_last()
        exchange, self.exchange = self.exchange, None
        self._parser = None  # it holds our methods: a cycle
        if exchange is not None:
            self._lost_with(exchange, is_clean=exc is None)
        self._pool.lost(self)

    # httptools callbacks

    def on_message_begin(self) -> None:
        """A head begins: the answer's, or an interim one's before it."""
        if self._is_done:
            raise _BadAnswerError
        self._head = head = ResponseHead()
        self._lines = head.parts

    def on_status(self, reason: bytes) -> None:
        """A piece of the reason phrase."""
        if self._head is not None:
            self._head.reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """A line of a head, or of the trailers."""
        rule = self._rules[name]
        if rule is PASS:
            lines = self._lines
            lines += (name, b": ", value, b"\r\n")
        elif self._head is not None:
            self._take(self._head, name, value)

    def on_headers_complete(self) -> None:
        """A head is whole."""
        head, parser, exchange = self._head, self._parser, self.exchange
        if head is None or parser is None or exchange is None:
            raise _BadAnswerError
        self._head = None
        self._lines = []
        self._status = status = parser.get_status_code()
        if status < 100 or parser.get_http_version() not in _VERSIONS:
            raise _BadAnswerError
        head.drop_nominated()
        if status >= 200:
            self._begin_answer(exchange, head)
        elif status != 101:
            if exchange.head.is_http11:  # HTTP/1.0 knows no interim answers
                self._out.append(write_head(head, status, lines=b""))
        elif exchange.frame.upgrade is None or not parser.should_upgrade():
            raise _BadAnswerError
        else:
            lines = b"Connection: Upgrade\r\nUpgrade: %b\r\n" % head.special.get(b"upgrade", b"")
            self._out.append(write_head(head, status, lines=exchange.answer_lines + lines))

    def on_body(self, data: bytes) -> None:
        """A piece of the body, without its chunk's frame."""
        if self._is_done or self._sent_framing is None:
            raise _BadAnswerError  # a body where there must be none: after HEAD, or an interim head
        self._has_moved = True
        if self._sent_framing is Framing.CHUNKED:
            self._out += (b"%x\r\n" % len(data), data, b"\r\n")
        else:
            self._out.append(data)
        if self._raw_left:
            self._raw_left -= len(data)

    def on_message_complete(self) -> None:
        """An answer is whole: the final one, or an interim one."""
        if self._status >= 200 and not self._is_done:
            self._end_answer()

    # The answer

    def _check_unfinished(self, fed: int) -> None:
        """Bound what is no body and never ends: a head, trailers, a chunk's extensions."""
        exchange = self.exchange
        if self._has_moved or exchange is None:
            self._has_moved, self._head_fed = False, 0
            return
        self._head_fed += fed
        if self._head_fed > HEAD_LIMIT_BYTES:
            self._fail(exchange)

    def _take(self, head: ResponseHead, name: bytes, value: bytes) -> None:
        exchange, rule = self.exchange, self._rules[name]
        if exchange is None:
            return
        if rule.key in (b"location", b"content-location"):
            head.parts += (name, b": ", exchange.relocated(value), b"\r\n")
        elif rule.key == b"set-cookie":
            if exchange.may_sign_in or not value.lstrip().startswith(_OWN_COOKIE):
                head.parts += (name, b": ", value, b"\r\n")
        elif rule.key == b"access-control-allow-origin":
            if not exchange.replaces_origin:
                head.parts += (name, b": ", value, b"\r\n")
        else:
            head.take(rule, name, value=value)

    def _begin_answer(self, exchange: Exchange, head: ResponseHead) -> None:
        parser = self._parser
        special, status = head.special, self._status
        framing = response_framing(
            status,
            is_head=exchange.is_head,
            length=special.get(b"content-length"),
            encoding=special.get(b"transfer-encoding"),
        )
        if framing is None or parser is None:
            raise _BadAnswerError
        self._framing = framing
        self._keeps_alive = parser.should_keep_alive()
        is_http11 = exchange.head.is_http11
        self._sent_framing = sent = client_framing(framing, is_http11=is_http11)
        if sent is Framing.UNTIL_CLOSE or not exchange.is_received:
            exchange.keeps_alive = False
        request_id = b"" if b"x-request-id" in special else exchange.request_id_line
        lines = (
            exchange.answer_lines
            + request_id
            + framing_lines(head, sent, status=status)
            + connection_line(keeps_alive=exchange.keeps_alive, is_http11=is_http11)
        )
        self._out.append(write_head(head, status, lines=lines))
        exchange.phase = Phase.ANSWERING
        if exchange.is_head:
            # The parser cannot be told that an answer to HEAD has no body, and would wait.
            self._parser = httptools.HttpResponseParser(self)
            self._is_done = True
        elif framing is Framing.LENGTH:
            length = int(special[b"content-length"])
            self._raw_left = length if length > RAW_ABOVE_BYTES else 0

    def _end_answer(self) -> None:
        self._is_done = True
        if self._sent_framing is Framing.CHUNKED:
            self._out += (b"0\r\n", *only_trailers(self._lines), b"\r\n")

    def _pass_raw(self, data: bytes, exchange: Exchange) -> None:
        size = len(data)
        if size > self._raw_left:
            self._client.write(data[: self._raw_left])
            self._keeps_alive = False
        else:
            self._client.write(data)
        self._raw_left = max(0, self._raw_left - size)
        if not self._raw_left:
            self._parser = httptools.HttpResponseParser(self)  # the old one waits for the body
            self._finish(exchange)

    def _finish(self, exchange: Exchange) -> None:
        """The answer has gone through: free the connection first, the next request may want it."""
        is_free = self._keeps_alive and exchange.is_received and not self.transport.is_closing()
        self.exchange = None
        self._reset()
        if is_free:
            self._was_reused = True
            self.idle_since = self._ticker.now
            if exchange.front.is_write_paused:
                self.transport.resume_reading()  # paused for a client it has no more to do with
            self._pool.release(self)
        else:
            self.transport.abort()
        exchange.completed()

    def _switch(self, exchange: Exchange, rest: bytes) -> None:
        if self._status != 101:
            self._fail(exchange)
            return
        write_parts(self._client, [*self._out, rest] if rest else self._out)
        self._out = []
        self.exchange = None
        self._parser = None
        self._pool.lost(self)
        exchange.switch(self.transport)

    def _fail(self, exchange: Exchange) -> None:
        """The provider's bytes are no answer: none of them is passed on."""
        self._out = []
        exchange.fault("the answer is not HTTP/1.1")
        exchange.answer(problems.BROKEN_ANSWER)

    def _lost_with(self, exchange: Exchange, *, is_clean: bool) -> None:
        is_whole = self._framing is Framing.UNTIL_CLOSE and is_clean
        if exchange.phase is Phase.ANSWERING and is_whole:
            self._end_answer()
            if self._out:
                write_parts(self._client, self._out)
            exchange.completed()
        else:
            exchange.upstream_lost(
                was_reused=self._was_reused, has_begun=self._head is not None or self._status > 0
            )

    def _read_last(self) -> None:
        """Take what the provider said before it closed on our upload: a 413, most likely.

        Our write met a closed connection, so the loop gave the transport up; what had arrived by
        then is still to be read from the socket, which is closed only after this.
        """
        try:
            data = os.read(self.fileno, _LAST_READ_BYTES)
        except OSError:
            return
        if data:
            self.data_received(data)
