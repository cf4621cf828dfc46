"""Answers without an end of their own: they end with the daemon, with the reader, or by a stall."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

import structlog
from aiohttp import web

from runtime_manager.api.parts import StreamLimits

T = TypeVar("T")

_log = structlog.get_logger()


class ReaderGoneError(Exception):
    """Nobody reads the stream any more, or too slowly to go on."""


class Stream:
    """One open answer; writes are bounded in time, so that a reader who stalls is let go."""

    def __init__(self, request: web.Request, response: web.StreamResponse, stall_s: float) -> None:
        self._request = request
        self._response = response
        self._stall_s = stall_s

    async def write(self, data: bytes) -> None:
        """Send `data`. Raises ReaderGoneError."""
        try:
            async with asyncio.timeout(self._stall_s):
                await self._response.write(data)
        except (TimeoutError, ConnectionError) as exc:
            raise ReaderGoneError from exc

    def check(self) -> None:
        """Raise ReaderGoneError where the connection is closed."""
        transport = self._request.transport
        if transport is None or transport.is_closing():
            raise ReaderGoneError


class Streams:
    """All open streams; `close` ends them."""

    def __init__(self, limits: StreamLimits) -> None:
        self._limits = limits
        self._open: set[asyncio.Timeout] = set()
        self._emptied = asyncio.Event()
        self._is_closed = False

    @property
    def keep_alive_s(self) -> float:
        """After so long a silence a stream shows that it is there, or looks for its reader."""
        return self._limits.keep_alive_s

    @asynccontextmanager
    async def open(
        self, request: web.Request, response: web.StreamResponse
    ) -> AsyncIterator[Stream]:
        """Send the head of `response`; at the end its end, or cut the connection of a lost reader.

        The body of the context is left early by `close`.
        """
        await response.prepare(request)
        try:
            async with self._until_closed():
                yield Stream(request, response, self._limits.stall_s)
            async with asyncio.timeout(self._limits.stall_s):
                await response.write_eof()
        except (ReaderGoneError, TimeoutError, ConnectionError):
            _cut(request)
        except Exception:
            # The head is out, so no problem can be answered any more.
            _log.exception("api.stream_failed", path=request.path)
            _cut(request)

    async def close(self, *, patience_s: float) -> None:
        """End every stream, now and later; those open may first come to an end of their own.

        What they tell of has been closed by then, so that they have only their last words to say.
        """
        self._is_closed = True
        if self._open:
            with suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    await self._emptied.wait()
        now = asyncio.get_running_loop().time()
        for limit in self._open:
            limit.reschedule(now)

    @asynccontextmanager
    async def _until_closed(self) -> AsyncIterator[None]:
        """A context that `close` ends, by a time limit that is otherwise never reached."""
        try:
            async with asyncio.timeout(0 if self._is_closed else None) as limit:
                self._open.add(limit)
                try:
                    yield
                finally:
                    self._open.discard(limit)
                    if self._is_closed and not self._open:
                        self._emptied.set()
        except TimeoutError:
            if not limit.expired():
                raise


async def with_silences(
    source: AsyncIterator[T], *, after_s: float
) -> AsyncGenerator[T | None, None]:
    """What `source` gives, and None whenever nothing came for `after_s` seconds.

    The wait for an item goes on through silences: a generator that is cancelled has ended.
    Closes `source` with itself.
    """
    coming: asyncio.Future[T] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(anext(source))
            await asyncio.wait({coming}, timeout=after_s)
            if not coming.done():
                yield None
                continue
            item, coming = coming, None
            yield item.result()
    except StopAsyncIteration:
        return
    finally:
        if coming is not None:
            coming.cancel()
            await asyncio.wait({coming})
        if isinstance(source, AsyncGenerator):
            await source.aclose()


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
