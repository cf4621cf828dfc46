"""The data plane as its owner sees it: told of sockets and route tables, asked for what is in flight."""

from __future__ import annotations

import socket

from runtime_manager.clock import Clock, SystemClock
from runtime_manager.gateway.access import Access
from runtime_manager.gateway.limits import GatewayLimits
from runtime_manager.gateway.observer import Observer
from runtime_manager.gateway.routes import RouteTable


class Gateway:
    """One engine on the running loop; `close` it."""

    def __init__(
        self,
        limits: GatewayLimits,
        *,
        access: Access,
        observer: Observer,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()

    async def start(self, sock: socket.socket) -> None:
        """Serve a bound and listening socket, which stays the caller's to close."""

    def publish(self, table: RouteTable) -> None:
        """Swap the whole table; acknowledged to the observer before this returns."""

    def in_flight(self, code: str, generation: int) -> int:
        """Requests and tunnels that were forwarded to this generation and have not ended."""
        return 0

    async def stop_accepting(self) -> None:
        """Take no new connection; requests in flight go on, idle connections are closed."""

    async def close(self) -> None:
        """End every connection and return once all of them are gone."""
