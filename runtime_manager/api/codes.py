"""One-time codes: each signs one browser in, once, on the host it was made for, within a minute."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from runtime_manager.api.problems import SessionCodeError
from runtime_manager.clock import Clock

LIFE_S = 60
_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Grant:
    """A session of `scope` on `host` (as in the Host header), and then the page `to`."""

    scope: str
    host: str
    to: str


class OneTimeCodes:
    """The codes given out and not yet used: a bounded number, the oldest forgotten first."""

    def __init__(self, clock: Clock, *, at_once: int = _AT_ONCE) -> None:
        self._clock = clock
        self._at_once = at_once
        self._grants: dict[bytes, tuple[float, Grant]] = {}

    def issue(self, grant: Grant) -> str:
        """A new code of 256 random bits."""
        code = secrets.token_urlsafe(32)
        while len(self._grants) >= self._at_once:
            del self._grants[next(iter(self._grants))]
        self._grants[_key(code)] = (self._clock.monotonic() + LIFE_S, grant)
        return code

    def redeem(self, code: str, *, host: str) -> Grant:
        """What `code` is good for, once. Raises SessionCodeError.

        A code shown on another host is used up too: it has leaked.
        """
        expires_at, grant = self._grants.pop(_key(code), (float("-inf"), None))
        if grant is None or self._clock.monotonic() >= expires_at or grant.host != host.lower():
            raise SessionCodeError(
                "this sign-in address is used up, too old, or for another host",
                hint="rtm open makes a new one",
            )
        return grant


def _key(code: str) -> bytes:
    """Looked up by digest, so that the time it takes tells nothing of codes that exist."""
    return hashlib.sha256(code.encode(errors="replace")).digest()
