"""Who may call what: the names we answer to, foreign origins, the token, browser sessions.

Each question is a function of its own, asked in the order host, origin, credential. A browser
sends Host, Origin and Sec-Fetch-* by itself and no page can forge them.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from runtime_manager.gateway.host import HostName, parse_host, parse_origin
from runtime_manager.gateway.problems import (
    BAD_HOST,
    CROSS_SITE,
    FOREIGN_HOST,
    FOREIGN_ORIGIN,
    NO_CSRF,
    UNAUTHORIZED,
    Problem,
)
from runtime_manager.gateway.routes import Audience, Route
from runtime_manager.gateway.sessions import Reach, Scope, cookie_name, read_session

CONTROL_LABEL = "rtm"
"""`rtm.localhost` is the control API's own origin."""

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
_SAFE = frozenset({b"GET", b"HEAD"})


@dataclass(frozen=True, slots=True)
class Place:
    """A Host we answer to; `label` is the name in `<label>.localhost`, None for an address."""

    host: HostName
    label: str | None


class OriginVerdict(Enum):
    """What an Origin header says of the page that called."""

    ABSENT = "absent"
    SAME = "same"
    LISTED = "listed"
    """One of `allowed_origins`: its answers carry Access-Control-Allow-Origin."""


@dataclass(frozen=True, slots=True)
class Access:
    """The rules of one daemon.

    `port` is the one it listens on. `hosts` are further names it answers to, `name` or
    `name:port`. `allowed_origins` are whole origins (`https://ide.example`), compared as bytes are.
    """

    token: str
    session_key: bytes
    daemon_id: str
    port: int
    hosts: frozenset[str] = frozenset()
    allowed_origins: frozenset[str] = frozenset()
    _token: bytes = field(init=False, repr=False, compare=False)
    _usual: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_token", self.token.encode())
        object.__setattr__(self, "_usual", b"Bearer " + self._token)

    def place(self, host: bytes | None) -> Place | Problem:
        """Where a request was addressed: 400 for no single valid Host, 421 for a foreign one.

        Any `<label>.localhost` is a place; whether a route has that name is the table's to say.
        """
        name = parse_host(host) if host is not None else None
        if name is None:
            return BAD_HOST
        if name.port not in (None, self.port):
            return Place(name, None) if str(name) in self.hosts else FOREIGN_HOST
        if name.name in _LOOPBACK or name.name in self.hosts or str(name) in self.hosts:
            return Place(name, None)
        label, dot, rest = name.name.partition(".")
        return Place(name, label) if dot and rest == "localhost" else FOREIGN_HOST

    def origin(self, origin: bytes | None, place: Place) -> OriginVerdict | Problem:
        """Whether the page that called may: 403 for a foreign one, `null` included."""
        if origin is None:
            return OriginVerdict.ABSENT
        if origin.decode("latin-1") in self.allowed_origins:
            return OriginVerdict.LISTED
        return OriginVerdict.SAME if _is_same_origin(origin, place) else FOREIGN_ORIGIN

    def is_own_authorization(self, value: bytes) -> bool:
        """Whether an Authorization value is our token, which no provider may see."""
        if self._token and hmac.compare_digest(value, self._usual):
            return True
        scheme, *tokens = value.split() or [b""]
        return scheme.lower() == b"bearer" and any(self.is_token(token) for token in tokens)

    def is_token(self, candidate: bytes) -> bool:
        """Whether the bytes are our token; takes the same time wherever they differ."""
        return bool(self._token) and hmac.compare_digest(candidate, self._token)

    def admit(
        self,
        route: Route,
        place: Place,
        *,
        method: bytes,
        headers: Mapping[bytes, bytes],
        holds_token: bool,
        now: float,
    ) -> Problem | None:
        """Whether the caller's credential opens the route; `now` is in epoch seconds.

        `headers` has lower-case names: x-rtm-csrf, cookie, origin and sec-fetch-* are looked at.
        Host and Origin have passed already.
        """
        if route.audience is Audience.ANYONE or holds_token:
            return None
        scope = self._session(headers.get(b"cookie"), now)
        if scope is None or not _opens(scope, route, place):
            return UNAUTHORIZED
        if not _is_own_page(route, method=method, headers=headers):
            return CROSS_SITE
        if route.audience is Audience.CONTROL and not _may_change(method, headers):
            return NO_CSRF
        return None

    def _session(self, cookies: bytes | None, now: float) -> Scope | None:
        if cookies is None:
            return None
        name = cookie_name(self.daemon_id).encode()
        for pair in cookies.split(b";"):
            key, _, value = pair.strip(b" \t").partition(b"=")
            if key == name:
                scope = read_session(self.session_key, value.decode("latin-1"), now=now)
                if scope is not None:
                    return scope
        return None


def _is_same_origin(origin: bytes, place: Place) -> bool:
    parsed = parse_origin(origin)
    if parsed is None:
        return False
    return parsed.name == place.host.name and (parsed.port or 80) == (place.host.port or 80)


def _opens(scope: Scope, route: Route, place: Place) -> bool:
    if scope.reach is Reach.DASHBOARD:
        return place.label == CONTROL_LABEL
    if route.audience is Audience.CONTROL:
        return False
    if scope.reach is Reach.NAME:
        return place.label is not None and place.label == route.name and scope.code == route.code
    return place.label is None


def _is_own_page(route: Route, *, method: bytes, headers: Mapping[bytes, bytes]) -> bool:
    """Whether a page of this very origin, or the person, made the browser ask (Fetch Metadata)."""
    if headers.get(b"sec-fetch-site") in (None, b"same-origin", b"none"):
        return True
    is_link = (
        headers.get(b"sec-fetch-mode") == b"navigate"
        and headers.get(b"sec-fetch-dest") == b"document"
    )
    return is_link and method in _SAFE and route.audience is Audience.PROVIDER


def _may_change(method: bytes, headers: Mapping[bytes, bytes]) -> bool:
    """Whether a session's request is a read, or was made by our own script on our own page."""
    return method in _SAFE or (headers.get(b"x-rtm-csrf") == b"1" and b"origin" in headers)
