"""A small awaitable HTTP/1.1 client for one connection: what probes ask providers with."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import httptools

from runtime_manager.errors import ConnectError, ProtocolError, RuntimeManagerError
from runtime_manager.http1.headers import Framing, response_framing
from runtime_manager.model.endpoint import Endpoint, TcpEndpoint

HEAD_LIMIT_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """A response; `body` is cut at the request's limit."""

    status: int
    reason: str
    body: bytes


class Connection:
    """One connection to an endpoint, for one request after another; the opener closes it.

    A request that fails or is cancelled closes the connection: its answer might still come and
    would be taken for the next one's.
    """

    def __init__(self, endpoint: Endpoint, transport: asyncio.Transport, reader: _Reader) -> None:
        self._endpoint = endpoint
        self._transport = transport
        self._reader = reader

    @classmethod
    async def open(cls, endpoint: Endpoint, *, timeout_s: float) -> Connection:
        """Connect within `timeout_s`; raises ConnectError. Leaves nothing behind when cancelled."""
        try:
            async with asyncio.timeout(timeout_s):
                transport, reader = await _connect(endpoint)
        except TimeoutError as exc:
            raise ConnectError(f"no connection to {endpoint} within {timeout_s:g} s") from exc
        except OSError as exc:
            reason = os.strerror(exc.errno) if exc.errno else str(exc)
            raise ConnectError(f"cannot connect to {endpoint}: {reason}", errno=exc.errno) from exc
        return cls(endpoint, transport, reader)

    @property
    def is_reusable(self) -> bool:
        """Whether another request may be sent: nothing failed and the peer keeps it open."""
        return self._reader.is_idle and not self._transport.is_closing()

    async def request(
        self,
        method: bytes,
        target: bytes,
        headers: Sequence[tuple[bytes, bytes]],
        *,
        timeout_s: float,
        body_limit_bytes: int = 4096,
    ) -> Answer:
        """Send a request without a body and return its answer; adds a Host when there is none.

        Raises ProtocolError when the answer is not HTTP or stops short, ConnectError when the
        connection was closed before any byte of it, TimeoutError after `timeout_s`.
        """
        answer = self.ask(
            request_bytes(method, target, headers, self._endpoint),
            is_head=method == b"HEAD",
            body_limit_bytes=body_limit_bytes,
        )
        try:
            async with asyncio.timeout(timeout_s):
                return await answer
        except BaseException:
            self._transport.abort()
            raise

    def ask(
        self, request: bytes, *, is_head: bool = False, body_limit_bytes: int = 4096
    ) -> asyncio.Future[Answer]:
        """Send a request that is written out, and give its answer to come; raises as `request`.

        There is no time limit: who gives up the answer must close the connection.
        """
        if not self.is_reusable:
            raise ConnectError(f"the connection to {self._endpoint} is closed")
        answer = self._reader.expect(is_head=is_head, body_limit_bytes=body_limit_bytes)
        self._transport.write(request)
        return answer

    def close(self) -> None:
        """Close at once; safe to call twice."""
        self._transport.abort()


async def _connect(endpoint: Endpoint) -> tuple[asyncio.Transport, _Reader]:
    loop = asyncio.get_running_loop()
    if isinstance(endpoint, TcpEndpoint):
        made = await loop.create_connection(_Reader, endpoint.host, endpoint.port)
    else:
        made = await loop.create_unix_connection(_Reader, str(endpoint.path))
    return made


def _with_host(
    headers: Sequence[tuple[bytes, bytes]], endpoint: Endpoint
) -> list[tuple[bytes, bytes]]:
    if any(name.lower() == b"host" for name, _ in headers):
        return list(headers)
    host = str(endpoint) if isinstance(endpoint, TcpEndpoint) else "localhost"
    return [(b"Host", host.encode()), *headers]


def request_bytes(
    method: bytes, target: bytes, headers: Sequence[tuple[bytes, bytes]], endpoint: Endpoint
) -> bytes:
    """A request without a body, written out; with a Host where `headers` have none."""
    lines = [b"%s: %s" % pair for pair in _with_host(headers, endpoint)]
    return b"\r\n".join([b"%s %s HTTP/1.1" % (method, target), *lines]) + b"\r\n\r\n"


class _Reader(asyncio.Protocol):
    """Collects one answer at a time; interim answers (1xx) are passed over."""

    def __init__(self) -> None:
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Answer] | None = None
        self._collected = _Collected(is_head=False, body_limit_bytes=0)

    @property
    def is_idle(self) -> bool:
        return self._parser is not None and self._answer is None

    def expect(self, *, is_head: bool, body_limit_bytes: int) -> asyncio.Future[Answer]:
        self._collected = _Collected(is_head=is_head, body_limit_bytes=body_limit_bytes)
        self._answer = asyncio.get_running_loop().create_future()
        return self._answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._parser is None:
            return
        if self._answer is None:  # bytes nobody asked for: never trust this connection again
            self._shut()
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(ProtocolError("the answer is not HTTP/1.1"))

    def connection_lost(self, exc: Exception | None) -> None:
        collected = self._collected
        if collected.framing is Framing.UNTIL_CLOSE and exc is None:
            self._finish(keeps=False)
        elif collected.has_begun:
            self._fail(ProtocolError("the answer stops short"))
        else:
            self._fail(ConnectError("the connection was closed before an answer"))
        self._parser = self._transport = None

    def on_status(self, reason: bytes) -> None:
        self._collected.reason += reason

    def on_message_begin(self) -> None:
        self._collected.begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._collected.add(name.lower(), value)

    def on_headers_complete(self) -> None:
        parser = self._parser
        if parser is None:
            return
        self._collected.status = parser.get_status_code()
        self._collected.decide_framing()
        if self._collected.is_head and self._collected.status >= 200:
            keeps = parser.should_keep_alive()
            self._parser = httptools.HttpResponseParser(self)  # it would wait for a body
            self._finish(keeps=keeps)

    def on_body(self, data: bytes) -> None:
        self._collected.add_body(data)
        if self._collected.is_full:  # what is left is not worth reading
            self._finish(keeps=False)

    def on_message_complete(self) -> None:
        if self._parser is not None and self._collected.status >= 200:
            self._finish(keeps=self._parser.should_keep_alive())

    def _finish(self, *, keeps: bool) -> None:
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_result(self._collected.answer())
        if not keeps:
            self._shut()

    def _fail(self, error: RuntimeManagerError) -> None:
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_exception(error)
        self._shut()

    def _shut(self) -> None:
        self._parser = None
        if self._transport is not None:
            self._transport.abort()


class _Collected:
    """What has come of one answer."""

    def __init__(self, *, is_head: bool, body_limit_bytes: int) -> None:
        self.is_head = is_head
        self.framing: Framing | None = None
        self.has_begun = False
        self.status = 0
        self.reason = b""
        self._body = bytearray()
        self._body_limit_bytes = body_limit_bytes
        self._head_bytes = 0
        self._special: dict[bytes, bytes] = {}

    @property
    def is_full(self) -> bool:
        return len(self._body) > self._body_limit_bytes

    def begin(self) -> None:
        self.has_begun = True
        self.reason = b""
        self._special.clear()

    def add(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > HEAD_LIMIT_BYTES:
            raise ProtocolError("the head of the answer is too long")
        if name in (b"content-length", b"transfer-encoding"):
            self._special[name] = value

    def decide_framing(self) -> None:
        if self.status < 200:
            return
        self.framing = response_framing(
            self.status,
            is_head=self.is_head,
            length=self._special.get(b"content-length"),
            encoding=self._special.get(b"transfer-encoding"),
        )
        if self.framing is None:
            raise ProtocolError("the transfer encoding of the answer is unknown")

    def add_body(self, data: bytes) -> None:
        self._body += data

    def answer(self) -> Answer:
        body = bytes(self._body[: self._body_limit_bytes])
        return Answer(self.status, self.reason.decode("latin-1"), body)
