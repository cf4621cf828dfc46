"""Which provider a path or a host name leads to: a frozen, numbered table.

A prefix matches whole segments only and byte for byte: `/ns` matches `/ns` and `/ns/x`, never
`/nsx` or `/%6es`. The longest prefix wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from runtime_manager.model.endpoint import Endpoint


class Gate(StrEnum):
    """What happens to a request that finds its route."""

    OPEN = "open"
    """Forwarded."""
    WAIT = "wait"
    """Held until a later table opens or closes the route."""
    CLOSED = "closed"
    """Answered 503 with the route's cause."""


class Audience(StrEnum):
    """Who may use a route; Host and Origin are checked for all of them."""

    ANYONE = "anyone"
    PROVIDER = "provider"
    """The token's holder, or a browser session that reaches providers."""
    CONTROL = "control"
    """The token's holder, or the dashboard's session."""


@dataclass(frozen=True, slots=True)
class Route:
    """One way in and what is behind it.

    `prefix` has no trailing slash, but for "/", which is above all others; "" is a route that is
    reached by name only. `name` is the label in `<name>.localhost`; None is a route that is
    reached by path only. `endpoint` is None unless the gate is OPEN. `cause` is told to callers
    while the route is not open.
    """

    prefix: str
    code: str
    gate: Gate
    endpoint: Endpoint | None
    generation: int = 0
    cause: str = ""
    retry_after_s: int = 1
    wakes: bool = False
    audience: Audience = Audience.PROVIDER
    strip_prefix: bool = True
    host_header_endpoint: bool = False
    name: str | None = None
    max_upstream: int | None = None
    on_every_host: bool = False
    """Found by path before the host's name is looked at."""
    key: bytes = field(init=False, repr=False, compare=False)
    """The prefix as it is looked for in a path; made once, since tables are made often."""
    depth: int = field(init=False, repr=False, compare=False)
    """How many segments `key` has."""

    def __post_init__(self) -> None:
        key = self.prefix.rstrip("/").encode()
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "depth", key.count(b"/"))


@dataclass(frozen=True)
class RouteTable:
    """All routes at one revision; of two routes with the same prefix or name the first counts.

    Made at each change and often replaced before a request comes, so it is indexed when asked.
    """

    revision: int
    routes: tuple[Route, ...]

    @cached_property
    def _by_prefix(self) -> Mapping[bytes, Route]:
        return {route.key: route for route in reversed(self.routes) if route.prefix}

    @cached_property
    def _by_name(self) -> Mapping[str | None, Route]:
        return {route.name: route for route in reversed(self.routes) if route.name is not None}

    @cached_property
    def _depth(self) -> int:
        return max((route.depth for route in self.routes), default=0)

    def find(self, path: bytes) -> Route | None:
        """The route with the longest prefix of `path`, which carries no query."""
        found, end = self._by_prefix.get(b""), 0
        for _ in range(self._depth):
            end = path.find(b"/", end + 1)
            if end < 0:
                return self._by_prefix.get(path) or found
            found = self._by_prefix.get(path[:end]) or found
        return found

    def by_name(self, label: str) -> Route | None:
        """The route reached as `<label>.localhost`."""
        return self._by_name.get(label)

    def choose(self, label: str | None, path: bytes) -> Route | None:
        """The route of a request: `label` is the name in its Host, None for an address.

        By name everything goes to the named route, but for routes on every host; a route that has
        only a name gives way to a path route of the same code, which may ask less of a caller.
        """
        by_path = self.find(path)
        if label is None or (by_path is not None and by_path.on_every_host):
            return by_path
        named = self._by_name.get(label)
        if named is None or by_path is None or named.prefix or by_path.code != named.code:
            return named
        return by_path
