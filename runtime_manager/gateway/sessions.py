"""Browser sessions without a store: a scope and an expiry, signed with the daemon's key.

The key belongs to one daemon and so does the cookie's name, because cookies ignore ports.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from enum import StrEnum

COOKIE_PREFIX = "rtm_session_"
"""A cookie whose name starts like this is some daemon's session: none reaches a provider."""


class Reach(StrEnum):
    """What a session opens."""

    DASHBOARD = "dashboard"
    """The control API, on rtm.localhost."""
    NAME = "name"
    """One provider, on its own `<name>.localhost`."""
    PATH = "path"
    """Providers' routes by path; nothing of the control API."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a session opens; `code` is "" unless the reach is NAME."""

    reach: Reach
    code: str = ""

    def __str__(self) -> str:
        return f"{self.reach}:{self.code}" if self.code else str(self.reach)


def parse_scope(text: str) -> Scope | None:
    """Read `dashboard`, `path` or `name:<code>`; None for anything else."""
    reach, colon, code = text.partition(":")
    if reach == Reach.NAME and code:
        return Scope(Reach.NAME, code)
    if reach in (Reach.DASHBOARD, Reach.PATH) and not colon:
        return Scope(Reach(reach))
    return None


def cookie_name(daemon_id: str) -> str:
    """The name of the cookie that carries this daemon's sessions."""
    return COOKIE_PREFIX + daemon_id


def sign_session(key: bytes, *, scope: str, expires_at: int) -> str:
    """A cookie value good until `expires_at`, in seconds of the Unix epoch.

    Raises ValueError for a scope that `parse_scope` would not read.
    """
    if parse_scope(scope) is None:
        raise ValueError(f"not a session scope: {scope!r}")
    claim = f"{expires_at}.{scope}"
    return f"{claim}.{_signature(key, claim)}"


def read_session(key: bytes, value: str, *, now: float) -> Scope | None:
    """The scope of a cookie value; None when it is forged, expired or malformed."""
    claim, _, signature = value.rpartition(".")
    if not value.isascii() or not hmac.compare_digest(signature, _signature(key, claim)):
        return None
    expires_at, _, scope = claim.partition(".")
    return parse_scope(scope) if now < int(expires_at) else None


def _signature(key: bytes, claim: str) -> str:
    digest = hmac.digest(key, b"rtm session 1\0" + claim.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
