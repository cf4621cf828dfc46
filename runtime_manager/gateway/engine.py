"""What one engine's connections share, and the order of decisions on a request.

target -> Host -> route -> Origin -> credential -> what the route's gate says -> forward. Each is a
pure function of a module of its own; here they are only called in turn.
"""

from __future__ import annotations

import secrets

from runtime_manager.clock import Clock
from runtime_manager.gateway import problems
from runtime_manager.gateway.access import Access, OriginVerdict, Place
from runtime_manager.gateway.cors import is_preflight, origin_headers, preflight
from runtime_manager.gateway.descriptors import Descriptors
from runtime_manager.gateway.exchange import Exchange, Phase
from runtime_manager.gateway.forwarding import Passage, Redirect, forwarded_lines, passage
from runtime_manager.gateway.front import Front
from runtime_manager.gateway.header_rules import NameRules, request_rule, response_rule
from runtime_manager.gateway.lanes import Lane, Lanes
from runtime_manager.gateway.limits import GatewayLimits
from runtime_manager.gateway.observer import Notes, Observer
from runtime_manager.gateway.pool import Pool
from runtime_manager.gateway.problems import Problem
from runtime_manager.gateway.reply import Reply, header_lines, redirect
from runtime_manager.gateway.request_head import write_head
from runtime_manager.gateway.routes import Gate, Route, RouteTable
from runtime_manager.gateway.target import parse_target
from runtime_manager.gateway.ticker import Ticker
from runtime_manager.gateway.upstream import Upstream
from runtime_manager.model.endpoint import Endpoint

_PLACES = 1024


class Engine:
    """The shared state of all connections; its owner starts and stops the ticker."""

    def __init__(
        self, limits: GatewayLimits, *, access: Access, observer: Observer, clock: Clock
    ) -> None:
        self.limits = limits
        self.access = access
        self.observer = observer
        self.notes = Notes(observer, clock=clock)
        self.ticker = Ticker(clock, tick_s=limits.tick_s)
        self.lanes = Lanes(self._open_pool)
        self.request_rules = NameRules(request_rule)
        self.is_stopping = False
        self._response_rules = NameRules(response_rule)
        self._held: dict[str, dict[Exchange, None]] = {}
        """Requests whose route is not open yet, by code, oldest first."""
        self._places: dict[bytes, Place | Problem] = {}
        self._request_ids = f"{secrets.token_hex(6)}-".encode()
        self._requests = 0
        self._retired: set[Pool] = set()
        self._descriptors = Descriptors.shared_out()

    # Connections

    def admit(self, front: Front, *, descriptor: int) -> bool:
        """Watch a new connection; False when there are too many.

        The last descriptors are not for callers: probes, starts and the control API need them.
        """
        is_full = len(self.ticker.watched) >= self.limits.max_connections
        if is_full or descriptor >= self._descriptors.of_callers:
            return False
        self.ticker.watched.add(front)
        return True

    def can_answer(self, *, descriptor: int) -> bool:
        """Whether one that is not admitted can be told so, which takes it a while to read."""
        return descriptor < self._descriptors.of_refused

    def gone(self, front: Front) -> None:
        """Watch a connection no more: it is lost, or something else has taken it over."""
        self.ticker.watched.discard(front)

    def pools(self) -> list[Pool]:
        """Every pool that may have connections."""
        return [*self.lanes.pools.values(), *self._retired]

    def tick(self) -> None:
        """What is looked after now and then."""
        self._descriptors = Descriptors.shared_out()
        idle_since = self.ticker.now - self.limits.keep_upstream_s
        for pool in self.lanes.pools.values():
            pool.sweep(idle_since=idle_since)
        for flow in self.lanes.flows():
            flow.settle(self.observer)
        self._retired = {pool for pool in self._retired if not pool.is_empty}

    # Routes

    def publish(self, table: RouteTable) -> None:
        """Put a table in force, and decide anew on every request that waits."""
        for pool in self.lanes.swap(table):
            pool.retire()
            self._retired.add(pool)
        waiting = [exchange for group in self._held.values() for exchange in group]
        self._held.clear()
        for exchange in waiting:
            exchange.phase = Phase.QUEUED
            self.decide(exchange)
            exchange.flush()
            if exchange.phase is not Phase.HELD:
                exchange.front.moved()
        self.observer.acknowledged(table.revision)

    def give_up_waiting(self, exchange: Exchange) -> None:
        """Its route has not opened in time."""
        route = exchange.waits_for
        if route is not None:
            exchange.answer(_unavailable(route))

    def unhold(self, exchange: Exchange) -> None:
        """It waits no more."""
        route = exchange.waits_for
        if route is not None and route.code in self._held:
            self._held[route.code].pop(exchange, None)

    # Decisions

    def decide(self, exchange: Exchange) -> None:
        """Forward a request, hold it, or answer it; the caller flushes what is forwarded."""
        verdict = exchange.problem or self._verdict(exchange)
        if isinstance(verdict, Route):
            self._hold(exchange, verdict)
        elif verdict is not None:
            exchange.answer(verdict)

    def _verdict(self, exchange: Exchange) -> Reply | Problem | Route | None:
        """None when it has been forwarded; a Route to wait for."""
        head = exchange.head
        exchange.request_id_line = b"X-Request-Id: %b\r\n" % (head.request_id() or self._new_id())
        target = parse_target(head.target)
        if isinstance(target, Problem):
            return target
        authority, path, _ = target
        sent_host = head.special.get(b"host", b"")
        host = sent_host if authority is None else authority
        place = self._place(host)
        if isinstance(place, Problem):
            return place
        if host.lower() != sent_host.lower():
            return problems.BAD_HOST
        lane = self.lanes.choose(place.label, path)
        refusal = self._refusal(exchange, place, lane)
        if refusal is not None or lane is None:
            return refusal or self._no_route(place)
        if lane.route.gate is Gate.WAIT:
            return lane.route
        if lane.route.gate is Gate.CLOSED or lane.pool is None:
            return _unavailable(lane.route)
        way = passage(
            lane.route,
            target,
            label=place.label,
            method=head.method,
            is_upgrade=exchange.frame.upgrade is not None,
        )
        if isinstance(way, Redirect):
            return redirect(way.location)
        self._forward(exchange, lane, pool=lane.pool, way=way, host=host)
        return None

    def _refusal(
        self, exchange: Exchange, place: Place, lane: Lane | None
    ) -> Reply | Problem | None:
        special = exchange.head.special
        origin = special.get(b"origin")
        page = self.access.origin(origin, place)
        if isinstance(page, Problem):
            return page
        if page is OriginVerdict.LISTED and origin is not None:
            exchange.answer_lines = header_lines(origin_headers(origin))
            exchange.replaces_origin = True
            if is_preflight(exchange.head.method, special):
                return preflight(special)
        if lane is None:
            return None
        head = exchange.head
        return self.access.admit(
            lane.route,
            place,
            method=head.method,
            headers=special,
            holds_token=head.holds_token,
            now=self.ticker.epoch,
        )

    def _forward(
        self, exchange: Exchange, lane: Lane, *, pool: Pool, way: Passage, host: bytes
    ) -> None:
        head = exchange.head
        head.drop_nominated()
        lines = self._forwarded(exchange.front, host) + exchange.request_id_line
        target, prefix = way
        if prefix:
            lines += lane.prefix_line
        authority = lane.endpoint_host or host
        written = write_head(head, exchange.frame, target=target, host=authority, lines=lines)
        exchange.forward(lane, pool, stripped=prefix, head=written, authority=authority)

    def _hold(self, exchange: Exchange, route: Route) -> None:
        group = self._held.setdefault(route.code, {})
        if route.wakes and not group:
            self.observer.wake(route.code)
        group[exchange] = None
        exchange.waits_for = route
        exchange.phase = Phase.HELD

    # What is looked up

    def _place(self, host: bytes) -> Place | Problem:
        place = self._places.get(host)
        if place is None:
            place = self.access.place(host)
            if len(self._places) < _PLACES:
                self._places[host] = place
        return place

    def _no_route(self, place: Place) -> Problem:
        if place.label is not None and not self.lanes.has_name(place.label):
            return problems.UNKNOWN_NAME
        return problems.NO_ROUTE

    def _forwarded(self, front: Front, host: bytes) -> bytes:
        known, lines = front.forwarded
        if known != host:
            lines = forwarded_lines(front.peer, host, port=self.access.port)
            front.forwarded = (host, lines)
        return lines

    def _new_id(self) -> bytes:
        self._requests += 1
        return b"%b%x" % (self._request_ids, self._requests)

    def _open_pool(self, endpoint: Endpoint, route: Route) -> Pool:
        return Pool(
            endpoint,
            limit=route.max_upstream or self.limits.max_upstream,
            connect_timeout_s=self.limits.connect_timeout_s,
            make=lambda pool: Upstream(pool, rules=self._response_rules, ticker=self.ticker),
        )


def _unavailable(route: Route) -> Problem:
    return problems.not_open(route.cause, retry_after_s=route.retry_after_s)
