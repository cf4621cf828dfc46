"""Connections to one endpoint: kept alive between requests, bounded in number, opened on demand.

A request that finds an idle connection has it at once, without a task. Others queue; each starts
one connection attempt while the bound allows, and takes whichever connection comes free first.
"""

from __future__ import annotations

import asyncio
import os
import select
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from runtime_manager.model.endpoint import Endpoint, TcpEndpoint

if TYPE_CHECKING:
    from runtime_manager.gateway.exchange import Exchange
    from runtime_manager.gateway.upstream import Upstream


class Pool:
    """The connections to one endpoint; `retire` it when no route leads there any more."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        limit: int,
        connect_timeout_s: float,
        make: Callable[[Pool], Upstream],
    ) -> None:
        self.endpoint = endpoint
        self.is_retired = False
        self._limit = limit
        self._connect_timeout_s = connect_timeout_s
        self._make = make
        self._idle: list[Upstream] = []
        self._open: set[Upstream] = set()
        self._connects: set[asyncio.Task[None]] = set()
        self._waiting: deque[Exchange] = deque()

    @property
    def is_empty(self) -> bool:
        """Whether no connection is open and none is being opened."""
        return not self._open and not self._connects

    def take(self, *, is_repeatable: bool) -> Upstream | None:
        """The idle connection used last, if there is one.

        A request that cannot be sent twice gets none that has something to read: the provider has
        closed it, though the loop has not said so yet.
        """
        while self._idle:
            upstream = self._idle.pop()
            if upstream.transport.is_closing():
                continue
            if is_repeatable or not _has_input(upstream.fileno):
                return upstream
            upstream.transport.abort()
        return None

    def queue(self, exchange: Exchange) -> None:
        """Give the exchange a connection later: a fresh one, or one that comes free before."""
        self._waiting.append(exchange)
        self._open_more()

    def opened(self, upstream: Upstream) -> None:
        """A connection has been made."""
        self._open.add(upstream)

    def forget(self, exchange: Exchange) -> None:
        """The exchange waits no more; a connection being opened for it will be idle."""
        try:
            self._waiting.remove(exchange)
        except ValueError:
            pass

    def release(self, upstream: Upstream) -> None:
        """A connection is free for another request."""
        if self._waiting:
            self._waiting.popleft().attach(upstream)
        elif self.is_retired:
            upstream.transport.abort()
        else:
            self._idle.append(upstream)

    def lost(self, upstream: Upstream) -> None:
        """A connection is gone; one that waits for it may open its own."""
        self._open.discard(upstream)
        if upstream.exchange is None and upstream in self._idle:
            self._idle.remove(upstream)
        self._open_more()

    def sweep(self, *, idle_since: float) -> None:
        """Close what has been idle since before `idle_since`."""
        for upstream in self._idle:
            if upstream.idle_since < idle_since:
                upstream.transport.abort()

    def retire(self) -> None:
        """Close what is idle, and what is in use when it comes free."""
        self.is_retired = True
        for upstream in self._idle:
            upstream.transport.abort()
        self._idle.clear()

    async def close(self) -> None:
        """Abort every connection and connection attempt."""
        self.retire()
        for upstream in self._open:
            upstream.transport.abort()
        self._waiting.clear()
        for task in self._connects:
            task.cancel()
        await asyncio.gather(*self._connects, return_exceptions=True)

    def _open_more(self) -> None:
        is_allowed = len(self._open) + len(self._connects) < self._limit
        if is_allowed and len(self._connects) < len(self._waiting):
            task = asyncio.get_running_loop().create_task(self._connect())
            self._connects.add(task)
            task.add_done_callback(self._connect_ended)

    def _connect_ended(self, task: asyncio.Task[None]) -> None:
        self._connects.discard(task)
        self._open_more()

    async def _connect(self) -> None:
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                upstream = await self._open_connection()
        except TimeoutError:
            self._fail_oldest(is_timeout=True, reason="connect timed out")
        except OSError as exc:
            reason = os.strerror(exc.errno) if exc.errno else str(exc)
            self._fail_oldest(is_timeout=False, reason=reason)
        else:
            if upstream.transport.is_closing():  # lost before this task had its turn
                self._fail_oldest(is_timeout=False, reason="closed at once")
            else:
                self.release(upstream)

    async def _open_connection(self) -> Upstream:
        loop = asyncio.get_running_loop()
        endpoint = self.endpoint
        if isinstance(endpoint, TcpEndpoint):
            made = await loop.create_connection(self._make_one, endpoint.host, endpoint.port)
        else:
            made = await loop.create_unix_connection(self._make_one, str(endpoint.path))
        return made[1]

    def _make_one(self) -> Upstream:
        return self._make(self)

    def _fail_oldest(self, *, is_timeout: bool, reason: str) -> None:
        if self._waiting:
            self._waiting.popleft().unreachable(is_timeout=is_timeout, reason=reason)


def _has_input(fileno: int) -> bool:
    poll = select.poll()
    poll.register(fileno, select.POLLIN)
    return bool(poll.poll(0))
