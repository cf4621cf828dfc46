"""The board of routes: what the gateway should hold, and what it said it does hold.

A process is signalled only after the gateway has acknowledged the table without its route and its
requests have come to an end; both are awaited here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Protocol

from runtime_manager.gateway.flow import Traffic
from runtime_manager.gateway.routes import Route, RouteTable


class DataPlane(Protocol):
    """What the board needs of a gateway."""

    def publish(self, table: RouteTable) -> None:
        """Take `table` whole; acknowledge it later by its revision."""
        ...

    def in_flight(self, code: str, generation: int) -> int:
        """Requests and tunnels under way to one generation."""
        ...

    def traffic(self, code: str) -> Traffic:
        """What is under way to one provider, and what has been sent to it so far."""
        ...


class Board:
    """Publishes a new table at each change; the fixed routes are the control API's own."""

    def __init__(self, fixed: Iterable[Route] = ()) -> None:
        self._fixed = tuple(fixed)
        self._by_code: dict[str, Route] = {}
        self._plane: DataPlane | None = None
        self._table = RouteTable(0, self._fixed)
        self._acknowledged = 0
        self._waiters: set[asyncio.Future[None]] = set()

    @property
    def table(self) -> RouteTable:
        """The newest table."""
        return self._table

    def connect(self, plane: DataPlane) -> None:
        """Publish to `plane` from now on, the newest table at once."""
        self._plane = plane
        plane.publish(self._table)

    def put(self, route: Route) -> int:
        """Set the route of one provider; gives the revision that holds it."""
        if self._by_code.get(route.code) != route:
            self._by_code[route.code] = route
            self._publish()
        return self._table.revision

    def drop(self, code: str) -> None:
        """Take the route of one provider away for good."""
        if self._by_code.pop(code, None) is not None:
            self._publish()

    def route(self, code: str) -> Route | None:
        """The route of one provider, as last put."""
        return self._by_code.get(code)

    def in_flight(self, code: str, generation: int) -> int:
        """Requests and tunnels under way to one generation."""
        return self._plane.in_flight(code, generation) if self._plane else 0

    def traffic(self, code: str) -> Traffic:
        """What is under way to one provider, and what has been sent to it so far."""
        return self._plane.traffic(code) if self._plane else Traffic()

    def acknowledged(self, revision: int) -> None:
        """The gateway holds `revision`."""
        self._acknowledged = max(self._acknowledged, revision)
        self._stir()

    def settled(self, _code: str, _generation: int) -> None:
        """Nothing is under way to that generation any more."""
        self._stir()

    async def closed(self, code: str, *, generation: int, revision: int) -> None:
        """Return once the gateway holds `revision` and nothing is under way to the generation.

        Waits for ever: the caller sets the limit. May be cancelled.
        """
        while self._plane is not None and (
            self._acknowledged < revision or self._plane.in_flight(code, generation)
        ):
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.add(waiter)
            try:
                await waiter
            finally:
                self._waiters.discard(waiter)

    def _publish(self) -> None:
        routes = (*self._fixed, *self._by_code.values())
        self._table = RouteTable(self._table.revision + 1, routes)
        if self._plane is not None:
            self._plane.publish(self._table)

    def _stir(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
