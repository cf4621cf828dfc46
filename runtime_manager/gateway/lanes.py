"""A route table made ready to forward by: each route with its pool, its count and its bytes."""

from __future__ import annotations

from collections.abc import Callable

from runtime_manager.gateway.flow import Flow, Flows, Traffic
from runtime_manager.gateway.pool import Pool
from runtime_manager.gateway.routes import Route, RouteTable
from runtime_manager.model.endpoint import Endpoint, TcpEndpoint


class Lane:
    """One route, ready to forward by. `pool` is None while the route has no endpoint."""

    __slots__ = ("endpoint_host", "flow", "pool", "prefix_line", "route")

    def __init__(self, route: Route, *, flow: Flow, pool: Pool | None) -> None:
        self.route = route
        self.flow = flow
        self.pool = pool
        self.prefix_line = b"X-Forwarded-Prefix: %b\r\n" % route.prefix.encode()
        self.endpoint_host = _host_of(route.endpoint) if route.host_header_endpoint else None
        """The Host the provider gets; None passes the client's."""


class Lanes:
    """All lanes of one table. Pools and counts are carried over from the table before."""

    def __init__(self, open_pool: Callable[[Endpoint, Route], Pool]) -> None:
        self._open_pool = open_pool
        self._table = RouteTable(revision=0, routes=())
        self._lanes: dict[int, Lane] = {}
        self._flows = Flows()
        self.pools: dict[Endpoint, Pool] = {}

    @property
    def revision(self) -> int:
        """Of the table in force; 0 before the first."""
        return self._table.revision

    def choose(self, label: str | None, path: bytes) -> Lane | None:
        """See `RouteTable.choose`."""
        route = self._table.choose(label, path)
        return None if route is None else self._lanes[id(route)]

    def has_name(self, label: str) -> bool:
        """Whether some route is reached as `<label>.localhost`."""
        return self._table.by_name(label) is not None

    def is_current(self, lane: Lane) -> bool:
        """Whether the table in force has this very lane."""
        return self._lanes.get(id(lane.route)) is lane

    def flows(self) -> list[Flow]:
        """Every count that is in use or has something in flight."""
        return self._flows.all()

    def in_flight(self, code: str, generation: int) -> int:
        """How many are in flight to one generation, whether or not a route leads there still."""
        return self._flows.in_flight(code, generation)

    def traffic(self, code: str) -> Traffic:
        """What is in flight to a provider, and how many requests it has been sent."""
        return self._flows.traffic(code)

    def swap(self, table: RouteTable) -> list[Pool]:
        """Put a table in force; returns the pools no route leads to any more.

        A route that was in the table before keeps its lane: a hundred providers that start are two
        hundred tables, each of which differs from the one before by one route.
        """
        routes = dict(zip(map(id, table.routes), table.routes, strict=True))
        lanes = self._lanes  # holds its routes, so that none of their ids is another's yet
        new = {key: self._lane(routes[key]) for key in routes.keys() - lanes.keys()}
        gone = [lanes.pop(key) for key in lanes.keys() - routes.keys()]
        lanes |= new
        self._table = table
        if all(lane.pool is None for lane in (*gone, *new.values())):
            return []
        self._flows.keep({lane.flow for lane in lanes.values() if lane.pool is not None})
        in_use = {lane.pool for lane in lanes.values()}
        retired = [pool for pool in self.pools.values() if pool not in in_use]
        for pool in retired:
            del self.pools[pool.endpoint]
        return retired

    def _lane(self, route: Route) -> Lane:
        if route.endpoint is None:
            return Lane(route, flow=Flow(route.code, route.generation), pool=None)
        pool = self.pools.get(route.endpoint)
        if pool is None:
            pool = self.pools[route.endpoint] = self._open_pool(route.endpoint, route)
        return Lane(route, flow=self._flows.of(route.code, route.generation), pool=pool)


def _host_of(endpoint: Endpoint | None) -> bytes | None:
    if endpoint is None:
        return None
    return str(endpoint).encode() if isinstance(endpoint, TcpEndpoint) else b"localhost"
