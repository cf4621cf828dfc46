"""The data plane as its owner sees it: given a socket and route tables, asked what is in flight."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable

from runtime_manager.clock import Clock, SystemClock
from runtime_manager.gateway.access import Access
from runtime_manager.gateway.engine import Engine
from runtime_manager.gateway.flow import Traffic
from runtime_manager.gateway.front import Front
from runtime_manager.gateway.limits import GatewayLimits
from runtime_manager.gateway.observer import Observer
from runtime_manager.gateway.routes import RouteTable

_BACKLOG = 4096
_CLOSING_TURNS = 100
_LOOK_S = 0.005


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
        self._socks: list[socket.socket] = []
        self._servers: list[asyncio.Server] = []

    async def start(self, sock: socket.socket) -> None:
        """Serve a bound and listening stream socket, which stays the caller's to close.

        May be called for several sockets.
        """
        if not self._socks:
            self._engine.ticker.start(self._engine.tick)
        self._socks.append(sock)
        await self._listen(sock)

    def rest(self) -> None:
        """Accept nothing until `resume`; who calls meanwhile waits in the socket's queue."""
        for server in self._servers:
            server.close()
        self._servers.clear()

    async def resume(self) -> None:
        """Accept again after `rest`. Raises OSError, and then is at rest as before."""
        try:
            for sock in self._socks:
                await self._listen(sock)
        except OSError:
            self.rest()
            raise

    async def _listen(self, sock: socket.socket) -> None:
        engine, own = self._engine, sock.dup()
        try:
            server = await asyncio.get_running_loop().create_server(
                lambda: Front(engine), sock=own, backlog=_BACKLOG
            )
        except BaseException:
            own.close()
            raise
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

    def traffic(self, code: str) -> Traffic:
        """What is in flight to a provider, and how many requests it has been sent so far."""
        return self._engine.lanes.traffic(code)

    def surrender(self) -> list[socket.socket]:
        """Take no new connection, and give up those that are kept for a next request.

        They stay open: what their clients send waits in them, until `take_up` in another process.
        """
        self._stop_listening()
        return [sock for front in self._fronts() if (sock := front.surrender()) is not None]

    async def take_up(self, connections: Iterable[socket.socket]) -> None:
        """Serve what another gateway has surrendered; closes them in the end."""
        loop = asyncio.get_running_loop()
        for connection in connections:
            front = Front(self._engine)
            front.take_up()
            connection.setblocking(False)
            try:
                await loop.connect_accepted_socket(lambda front=front: front, connection)  # type: ignore[misc]  # mypy takes the default for an argument
            except OSError:
                connection.close()  # its client has left

    async def hand_over(self, *, within_s: float) -> None:
        """Leave new connections to the next who serves the socket, and answer those taken so far.

        Returns once each of them has asked, or after `within_s`: so none is lost between two
        daemons. Their requests are still in flight then.
        """
        self._stop_listening()
        for front in self._fronts():
            front.end_soon()
        until = asyncio.get_running_loop().time() + within_s
        await asyncio.sleep(_LOOK_S)  # what the loop has just accepted is made known to us
        while asyncio.get_running_loop().time() < until:
            if all(front.has_asked for front in self._fronts()):
                break
            await asyncio.sleep(_LOOK_S)

    async def stop_accepting(self) -> None:
        """Take no new connection; requests in flight go on, each the last of its connection."""
        self._stop_listening()
        for front in self._fronts():
            front.close_if_idle()

    def _stop_listening(self) -> None:
        self._engine.is_stopping = True
        self._socks.clear()
        self.rest()

    def _fronts(self) -> list[Front]:
        return [timed for timed in self._engine.ticker.watched if isinstance(timed, Front)]

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
