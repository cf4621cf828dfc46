"""The data plane as its owner sees it: given a socket and route tables, asked what is in flight."""

from __future__ import annotations

import asyncio
import socket

from runtime_manager.clock import Clock, SystemClock
from runtime_manager.gateway.access import Access
from runtime_manager.gateway.engine import Engine
from runtime_manager.gateway.front import Front
from runtime_manager.gateway.limits import GatewayLimits
from runtime_manager.gateway.observer import Observer
from runtime_manager.gateway.routes import RouteTable

_BACKLOG = 4096
_CLOSING_TURNS = 100


class Gateway:
    """One engine on the running loop; `close` it. Until the first table every path is a 404."""

    def __init__(
        self,
        limits: GatewayLimits,
        *,
        access: Access,
        observer: Observer,
        clock: Clock | None = None,
    ) -> None:
        self._engine = Engine(
            limits, access=access, observer=observer, clock=clock or SystemClock()
        )
        self._servers: list[asyncio.Server] = []

    async def start(self, sock: socket.socket) -> None:
        """Serve a bound and listening stream socket, which stays the caller's to close.

        May be called for several sockets.
        """
        loop = asyncio.get_running_loop()
        engine = self._engine
        if not self._servers:
            engine.ticker.start(engine.tick)
        server = await loop.create_server(lambda: Front(engine), sock=sock.dup(), backlog=_BACKLOG)
        self._servers.append(server)

    def adopt(self, limits: GatewayLimits, access: Access) -> None:
        """Go by other limits and rules, for what is decided from now on."""
        self._engine.limits, self._engine.access = limits, access

    def publish(self, table: RouteTable) -> None:
        """Swap the whole table; acknowledged to the observer before this returns.

        Requests already forwarded go on as they are; those that wait are decided on anew.
        """
        self._engine.publish(table)

    def in_flight(self, code: str, generation: int) -> int:
        """Requests and tunnels that were forwarded to this generation and have not ended."""
        return self._engine.lanes.in_flight(code, generation)

    async def stop_accepting(self) -> None:
        """Take no new connection; requests in flight go on, each the last of its connection."""
        self._engine.is_stopping = True
        for server in self._servers:
            server.close()
        self._servers.clear()
        for timed in list(self._engine.ticker.watched):
            if isinstance(timed, Front):
                timed.close_if_idle()

    async def close(self) -> None:
        """End every connection at once, and return when all of them are gone."""
        await self.stop_accepting()
        engine = self._engine
        for timed in list(engine.ticker.watched):
            timed.abort()
        for pool in engine.pools():
            await pool.close()
        engine.ticker.stop()
        for _ in range(_CLOSING_TURNS):
            if not engine.ticker.watched and all(pool.is_empty for pool in engine.pools()):
                break
            await asyncio.sleep(0)  # the loop tells of lost connections in its next turns
