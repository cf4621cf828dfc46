"""One request and its answer: from the decision what to do with it to the last byte.

An exchange has a phase and moves forward through it; everything that may end it (the answer, a
fault, the client's leaving, a deadline) goes through `_end`, once.

    QUEUED -> HELD -> CONNECTING -> FORWARDED -> ANSWERING -> OVER
"""

from __future__ import annotations

import asyncio
from enum import IntEnum
from typing import TYPE_CHECKING

from runtime_manager.gateway import problems
from runtime_manager.gateway.access import CONTROL_LABEL
from runtime_manager.gateway.forwarding import relocated
from runtime_manager.gateway.problems import Problem
from runtime_manager.gateway.reply import Reply
from runtime_manager.gateway.request_head import PLAIN, Frame, RequestHead
from runtime_manager.gateway.response_head import connection_line
from runtime_manager.gateway.wire import write_parts
from runtime_manager.http1.headers import Framing

if TYPE_CHECKING:
    from runtime_manager.gateway.front import Front
    from runtime_manager.gateway.lanes import Lane
    from runtime_manager.gateway.pool import Pool
    from runtime_manager.gateway.routes import Route
    from runtime_manager.gateway.upstream import Upstream

_REPEATABLE = frozenset({b"GET", b"HEAD", b"OPTIONS", b"TRACE"})


class Phase(IntEnum):
    """How far an exchange has come."""

    QUEUED = 0
    """Behind another on the same connection."""
    HELD = 1
    """Its route is not open yet."""
    CONNECTING = 2
    """No connection to the provider yet."""
    FORWARDED = 3
    """Sent, or being sent; no head of an answer yet."""
    ANSWERING = 4
    """The head of the final answer has gone to the client."""
    OVER = 5


class Exchange:
    """What front and upstream know of the request they share."""

    __slots__ = (
        "_authority",
        "_repeat",
        "answer_lines",
        "body_bytes",
        "frame",
        "front",
        "head",
        "is_head",
        "is_received",
        "keeps_alive",
        "lane",
        "out",
        "out_bytes",
        "phase",
        "problem",
        "replaces_origin",
        "request_id_line",
        "stripped",
        "upstream",
        "waits_for",
    )

    def __init__(self, front: Front, head: RequestHead, *, frame: Frame | Problem) -> None:
        self.front = front
        self.head = head
        self.problem = frame if isinstance(frame, Problem) else None
        self.frame = PLAIN if isinstance(frame, Problem) else frame
        self.phase = Phase.QUEUED
        self.is_head = head.method == b"HEAD"
        self.is_received = self.frame.framing is Framing.NO_BODY
        """Whether the whole request has come from the client."""
        self.keeps_alive = head.keeps_alive
        """Whether the client's connection goes on after this."""
        self.lane: Lane | None = None
        self.waits_for: Route | None = None
        """The route that is not open yet, while it is held."""
        self.upstream: Upstream | None = None
        self.out: list[bytes] = []
        """What is to be written to the provider."""
        self.out_bytes = 0
        self.body_bytes = 0
        self.answer_lines = b""
        """Header lines of ours that go with every answer."""
        self.replaces_origin = False
        """Whether our Access-Control-Allow-Origin stands in for the provider's."""
        self.request_id_line = b""
        """For an answer that has no X-Request-Id of its own."""
        self.stripped = b""
        """The prefix the provider did not see."""
        self._authority = b""
        self._repeat: bytes | None = None

    @property
    def may_sign_in(self) -> bool:
        """Whether its answer may set a session's cookie: the control API's own may."""
        return self.lane is not None and self.lane.route.code == CONTROL_LABEL

    # What the front does

    def forward(
        self, lane: Lane, pool: Pool, *, stripped: bytes, head: bytes, authority: bytes
    ) -> None:
        """Send the request down a lane; flushed by the caller, once there is a connection.

        `head` is as the provider gets it, `authority` the Host in it, `stripped` the prefix that
        its target has lost.
        """
        self.lane = lane
        self.stripped = stripped
        self._authority = authority
        is_repeatable = self.head.method in _REPEATABLE and self.is_received
        self._repeat = head if is_repeatable and self.frame.upgrade is None else None
        self.out.insert(0, head)
        lane.flow.enter()
        self.phase = Phase.CONNECTING
        upstream = pool.take(is_repeatable=is_repeatable)
        if upstream is None:
            pool.queue(self)
        else:
            self._take(upstream)

    def add_body(self, data: bytes) -> None:
        """A piece of the request's body has come."""
        if self.frame.framing is Framing.CHUNKED:
            self.out += (b"%x\r\n" % len(data), data, b"\r\n")
        else:
            self.out.append(data)
        self.body_bytes += len(data)
        self.out_bytes += len(data)

    def end_body(self, trailers: list[bytes]) -> None:
        """The request has come to its end; `trailers` are pieces of lines, four to a line."""
        self.is_received = True
        if self.frame.framing is Framing.CHUNKED:
            self.out += (b"0\r\n", *trailers, b"\r\n")

    def flush(self) -> None:
        """Write what has gathered to the provider, if there is a connection to it."""
        upstream, out = self.upstream, self.out
        if upstream is None or not out:
            return
        write_parts(upstream.transport, out)
        self.out = []
        self.out_bytes = 0
        if self.front.is_read_paused and not upstream.is_write_paused:
            self.front.resume_reading()

    def answer(self, own: Reply | Problem) -> None:
        """Answer it ourselves; after the head of another answer, abort the client instead."""
        if self.phase is Phase.OVER:
            return
        front, is_late = self.front, self.phase is Phase.ANSWERING
        self._end()
        if is_late:
            front.abort_client(self)
            return
        reply = own.reply() if isinstance(own, Problem) else own
        is_going_on = self.keeps_alive and self.is_received and not reply.closes
        self.keeps_alive = is_going_on and not front.engine.is_stopping
        is_http11 = self.head.is_http11
        connection = connection_line(keeps_alive=self.keeps_alive, is_http11=is_http11)
        lines = self.answer_lines + self.request_id_line + connection
        front.transport.write(reply.message(lines, is_head=self.is_head))
        front.finished(self)

    def abandon(self) -> None:
        """The client has left: so does the provider's request, at once."""
        if self.phase is not Phase.OVER:
            self._end()

    # What the pool does

    def attach(self, upstream: Upstream) -> None:
        """A connection has come free for this exchange."""
        self._take(upstream)
        self.flush()
        self.front.moved()

    def unreachable(self, *, is_timeout: bool, reason: str) -> None:
        """No connection could be made for it.

        When a newer table has changed the route meanwhile, the request is decided on anew.
        """
        lane = self.lane
        if lane is None:
            return
        engine = self.front.engine
        self.fault(reason)
        if engine.lanes.is_current(lane):
            self.answer(problems.CONNECT_TIMEOUT if is_timeout else problems.REFUSED)
            return
        lane.flow.leave(engine.observer)
        self.lane = None
        self.out = self.out[1:]
        self.phase = Phase.QUEUED
        engine.decide(self)
        self.flush()

    # What the upstream does

    def completed(self) -> None:
        """The answer has gone to the client in full."""
        self.upstream = None
        self._end()
        self.front.finished(self)

    def upstream_lost(self, *, was_reused: bool, has_begun: bool) -> None:
        """The provider's connection is gone before the answer's end.

        A repeatable request whose kept connection went stale is sent once more on another one
        (RFC 9110 section 9.2.2); nothing else is ever sent twice.
        """
        self.upstream = None
        lane = self.lane
        if lane is None or lane.pool is None:
            return
        if was_reused and not has_begun and self._repeat is not None:
            self.out = [self._repeat]
            self._repeat = None
            self.phase = Phase.CONNECTING
            lane.pool.queue(self)
            return
        self.fault("closed before the end of the answer")
        self.answer(problems.NO_ANSWER)

    def switch(self, upstream: asyncio.Transport) -> None:
        """The provider has agreed to another protocol: no more HTTP on either side."""
        self.upstream = None
        self.front.switch(upstream, ended=self._end)

    def fault(self, reason: str) -> None:
        """Say in the log what the provider did."""
        lane = self.lane
        if lane is not None:
            code, generation = lane.route.code, lane.route.generation
            note = self.front.engine.notes.note
            note("gateway.fault", code=code, generation=generation, reason=reason)

    def relocated(self, value: bytes) -> bytes:
        """See `forwarding.relocated`."""
        return relocated(value, prefix=self.stripped, own_authority=self._authority)

    def _take(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self.phase = Phase.FORWARDED
        upstream.begin(self)

    def _end(self) -> None:
        phase, self.phase = self.phase, Phase.OVER
        lane, upstream = self.lane, self.upstream
        self.upstream = None
        engine = self.front.engine
        if upstream is not None:
            upstream.drop()
        elif phase is Phase.HELD:
            engine.unhold(self)
        elif phase is Phase.CONNECTING and lane is not None and lane.pool is not None:
            lane.pool.forget(self)
        if lane is not None:
            lane.flow.leave(engine.observer)
