"""What is carried over from one table to the next."""

from __future__ import annotations

from dataclasses import replace

from runtime_manager.gateway.lanes import Lanes
from runtime_manager.gateway.pool import Pool
from runtime_manager.gateway.routes import Gate, Route, RouteTable
from runtime_manager.gateway.upstream import Upstream
from runtime_manager.model.endpoint import Endpoint, TcpEndpoint


def never(_pool: Pool) -> Upstream:
    raise AssertionError("nothing is forwarded here")


def open_pool(endpoint: Endpoint, _route: Route) -> Pool:
    return Pool(endpoint, limit=1, connect_timeout_s=1, make=never)


def route(code: str, port: int, generation: int = 1) -> Route:
    endpoint = TcpEndpoint("127.0.0.1", port)
    return Route(f"/{code}", code, Gate.OPEN, endpoint, generation, name=code)


def test_a_route_that_stays_keeps_its_lane_and_one_that_changes_does_not():
    lanes, stays, changes = Lanes(open_pool), route("a", 1), route("b", 2)
    lanes.swap(RouteTable(1, (stays, changes)))
    kept, left = lanes.choose(None, b"/a"), lanes.choose(None, b"/b")
    lanes.swap(RouteTable(2, (stays, replace(changes, cause="moved"))))
    assert lanes.choose(None, b"/a") is kept
    assert lanes.is_current(kept)
    assert lanes.choose(None, b"/b") is not left
    assert not lanes.is_current(left)


def test_a_changed_route_to_the_same_endpoint_keeps_its_pool_and_count():
    lanes, first = Lanes(open_pool), route("a", 1)
    lanes.swap(RouteTable(1, (first,)))
    before = lanes.choose(None, b"/a")
    assert lanes.swap(RouteTable(2, (replace(first, cause="told"),))) == []
    after = lanes.choose(None, b"/a")
    assert (after.pool, after.flow) == (before.pool, before.flow)


def test_a_pool_that_no_route_leads_to_is_given_back():
    lanes, first = Lanes(open_pool), route("a", 1)
    lanes.swap(RouteTable(1, (first, route("b", 2))))
    left = lanes.choose(None, b"/a").pool
    assert lanes.swap(RouteTable(2, (route("a", 3, 2), route("b", 2)))) == [left]
    assert {endpoint.port for endpoint in lanes.pools} == {2, 3}


def test_what_is_in_flight_to_a_generation_is_known_after_its_route_has_gone():
    lanes, first = Lanes(open_pool), route("a", 1)
    lanes.swap(RouteTable(1, (first,)))
    flow = lanes.choose(None, b"/a").flow
    flow.enter()
    lanes.swap(RouteTable(2, (replace(first, gate=Gate.CLOSED, endpoint=None),)))
    assert flow.is_draining
    assert lanes.in_flight("a", 1) == 1
