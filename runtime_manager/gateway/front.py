"""The client's side of an exchange: one connection, its requests answered one after another.

A connection reads on while a request is in flight, so that a client that leaves is noticed at
once; what it may send ahead meanwhile is bounded.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from runtime_manager.gateway import problems
from runtime_manager.gateway.exchange import Exchange, Phase
from runtime_manager.gateway.linger import Linger
from runtime_manager.gateway.problems import Problem
from runtime_manager.gateway.reader import RequestReader
from runtime_manager.gateway.tunnel import Tunnel
from runtime_manager.gateway.wire import BUFFER_HIGH_BYTES, reset

if TYPE_CHECKING:
    from runtime_manager.gateway.engine import Engine

AHEAD_BYTES = 64 * 1024
"""How much of a body is taken before there is a connection to the provider."""


class Front(asyncio.Protocol):
    """One client's connection."""

    __slots__ = (
        "_exchange",
        "_is_answering_queue",
        "_queue",
        "_reader",
        "deadline",
        "engine",
        "forwarded",
        "has_asked",
        "is_read_paused",
        "is_write_paused",
        "peer",
        "transport",
    )

    transport: asyncio.Transport

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.deadline = engine.ticker.deadline(engine.limits.client_head_timeout_s)
        self.peer = ""
        """The client's address; "" when it came over a Unix socket."""
        self.forwarded: tuple[bytes, bytes] = (b"", b"")
        """The last Host seen, and the lines that tell a provider of it and of the client."""
        self.has_asked = False
        """Whether the head of a request has ever come."""
        self.is_write_paused = False
        self.is_read_paused = False
        self._reader = RequestReader(self)
        self._exchange: Exchange | None = None
        """The request being answered."""
        self._queue: deque[Exchange] = deque()
        """The requests after it."""
        self._is_answering_queue = False

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=BUFFER_HIGH_BYTES)
        peer = transport.get_extra_info("peername")
        if isinstance(peer, tuple):
            self.peer = str(peer[0])
        descriptor = transport.get_extra_info("socket").fileno()
        if self.engine.admit(self, descriptor=descriptor):
            return
        if self.engine.can_answer(descriptor=descriptor):
            self._reader.refuse(problems.TOO_MANY_CONNECTIONS)
        else:
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self._reader.feed(data)
        exchange = self._exchange
        if exchange is None:
            return
        if exchange.upstream is not None:
            if exchange.out:
                exchange.flush()
                if not exchange.is_received:
                    self.moved()
        elif exchange.out_bytes > AHEAD_BYTES:
            self.pause_reading()
        if self._queue:
            self.pause_reading()

    def pause_writing(self) -> None:
        """See asyncio.Protocol."""
        self.is_write_paused = True
        exchange = self._exchange
        if exchange is not None and exchange.upstream is not None:
            exchange.upstream.transport.pause_reading()

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        self.is_write_paused = False
        exchange = self._exchange
        if exchange is not None and exchange.upstream is not None:
            exchange.upstream.transport.resume_reading()
        self.moved()

    def eof_received(self) -> bool:
        """See asyncio.Protocol; a client that shuts its side has left."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._reader.close()
        self.engine.gone(self)
        exchange, self._exchange = self._exchange, None
        self._queue.clear()
        if exchange is not None:
            exchange.abandon()

    # What the reader does

    def head_begun(self) -> None:
        """The first byte of a request has come."""
        if self._exchange is None:
            self.deadline = self.engine.ticker.deadline(self.engine.limits.client_head_timeout_s)

    def accept(self, exchange: Exchange) -> None:
        """A request's head has come: decide on it, now or when those before it are answered."""
        self.has_asked = True
        if self.engine.is_stopping:
            exchange.keeps_alive = False
        if self._exchange is not None:
            self._queue.append(exchange)
            return
        self._exchange = exchange
        self.engine.decide(exchange)
        self.moved()

    def give_up(self, exchange: Exchange, problem: Problem) -> None:
        """The rest of a request cannot be read: answer so in its turn."""
        exchange.problem = problem
        if exchange is self._exchange:
            exchange.answer(problem)

    # What the exchange and its upstream do

    def moved(self) -> None:
        """A byte has moved, or a phase has ended: put the deadline off."""
        exchange, engine = self._exchange, self.engine
        if exchange is None:
            return
        limits, phase = engine.limits, exchange.phase
        span_s = limits.response_timeout_s
        if phase is Phase.ANSWERING:
            span_s = limits.idle_timeout_s
        elif phase is Phase.HELD:
            span_s = limits.wait_s
        self.deadline = engine.ticker.horizon + span_s

    def pause_reading(self) -> None:
        """Take no more from the client for now."""
        if not self.is_read_paused and not self.transport.is_closing():
            self.is_read_paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Take from the client again, unless it has sent further requests to be answered first."""
        if self.is_read_paused and not self._queue and not self.transport.is_closing():
            self.is_read_paused = False
            self.transport.resume_reading()

    def finished(self, exchange: Exchange) -> None:
        """The answer to the request at hand has been written: close, or go on with the next."""
        if self._exchange is not exchange:
            return
        self._exchange = None
        if not exchange.is_received or exchange.problem is not None:
            self._linger()
        elif not exchange.keeps_alive or self.engine.is_stopping or not self._reader.resume():
            self._close()
        else:
            self.deadline = self.engine.ticker.horizon + self.engine.limits.keep_alive_s
            if self._reader.is_in_head:
                self.head_begun()
            if self._queue:
                self._answer_queue()
            if self.is_read_paused:
                self.resume_reading()

    def abort_client(self, exchange: Exchange) -> None:
        """The answer cannot be finished: end the connection so that the client notices."""
        self._reader.close()
        if exchange.head.is_http11:
            self.transport.abort()
        else:
            reset(self.transport)  # to HTTP/1.0 a plain close may be the body's proper end

    def switch(self, upstream: asyncio.Transport, *, ended: Callable[[], None]) -> None:
        """Tie the client to the provider; HTTP is over on this connection."""
        early = self._reader.take_early()
        self._reader.close()
        self._exchange = None
        if early:
            upstream.write(b"".join(early))
        engine = self.engine
        engine.gone(self)
        tunnel = Tunnel(engine.ticker, idle_timeout_s=engine.limits.idle_timeout_s, ended=ended)
        tunnel.join(self.transport, upstream)

    # What the ticker and the engine do

    def expire(self) -> None:
        """The deadline has passed: what that means depends on how far things have come."""
        exchange = self._exchange
        if exchange is not None:
            self._expire(exchange)
        elif self._reader.is_in_head:
            self._reader.refuse(problems.REQUEST_TIMEOUT)
        else:
            self.transport.close()

    def abort(self) -> None:
        """See `Timed`."""
        self.transport.abort()

    def end_soon(self) -> None:
        """Close if it was kept for a next request; one that is coming, or at hand, is the last.

        One that has not asked yet is left to: nothing of it can be repeated by who sent it.
        """
        if self._exchange is not None:
            self._exchange.keeps_alive = False
        elif self.has_asked and not self._reader.is_in_head:
            self.transport.close()

    def surrender(self) -> socket.socket | None:
        """The connection itself, if it is kept for a next request; None for any other.

        Nothing is read from it any more, and it is not closed with us: what its client sends waits
        in it. The caller closes it.
        """
        is_kept = self.has_asked and self._exchange is None and not self._reader.is_in_head
        if not is_kept or self.transport.is_closing() or self.transport.get_write_buffer_size():
            return None
        self.transport.pause_reading()
        sock = socket.socket(fileno=os.dup(self.transport.get_extra_info("socket").fileno()))
        self.transport.abort()
        return sock

    def take_up(self) -> None:
        """Be one that is kept for a next request; before the connection is made."""
        self.has_asked = True
        self.deadline = self.engine.ticker.horizon + self.engine.limits.keep_alive_s

    def close_if_idle(self) -> None:
        """Close unless a request is at hand; that one will be the last."""
        if self._exchange is None:
            self.transport.close()

    def _expire(self, exchange: Exchange) -> None:
        code = "" if exchange.lane is None else exchange.lane.route.code
        self.engine.notes.note("gateway.timeout", code=code, phase=exchange.phase.name.lower())
        if exchange.phase is Phase.HELD:
            self.engine.give_up_waiting(exchange)
        elif exchange.phase is Phase.CONNECTING:
            exchange.answer(problems.ALL_BUSY)
        elif exchange.is_received or self.is_read_paused:
            exchange.answer(problems.ANSWER_TIMEOUT)
        else:
            exchange.answer(problems.REQUEST_TIMEOUT)

    def _answer_queue(self) -> None:
        """Answer what is queued, without recursion: many may be answered at once."""
        if self._is_answering_queue:
            return
        self._is_answering_queue = True
        while self._queue and self._exchange is None:
            exchange = self._exchange = self._queue.popleft()
            self.engine.decide(exchange)
            exchange.flush()
            self.moved()
        self._is_answering_queue = False

    def _close(self) -> None:
        self._reader.close()
        self._queue.clear()
        self.transport.close()

    def _linger(self) -> None:
        self._reader.close()
        self._queue.clear()
        if self.transport.is_closing():
            return
        self.engine.gone(self)
        Linger(self.transport, self.engine.ticker).start()
