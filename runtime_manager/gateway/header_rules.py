"""What happens to each header, decided once per spelling of a name and then looked up.

A rule says whether the line passes and whether its value is remembered under the lower-case name.
The table of spellings is bounded: names come from clients.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from runtime_manager.http1.headers import HOP_BY_HOP, canonical

_SPELLINGS = 2048


class Rule(NamedTuple):
    """What to do with the lines of one name."""

    passes: bool
    key: bytes | None
    """Where the value is remembered; None: it is not."""


PASS = Rule(passes=True, key=None)
DROP = Rule(passes=False, key=None)

_REQUEST_TAKEN = frozenset(
    {
        b"host",
        b"connection",
        b"content-length",
        b"transfer-encoding",
        b"te",
        b"trailer",
        b"upgrade",
        b"expect",
        b"cookie",
        b"authorization",
        b"x-request-id",
        b"x-rtm-token",
        b"x-rtm-csrf",
    }
)
_REQUEST_SEEN = frozenset(
    {
        b"origin",
        b"sec-fetch-site",
        b"sec-fetch-mode",
        b"sec-fetch-dest",
        b"access-control-request-method",
        b"access-control-request-headers",
    }
)
_RESPONSE_TAKEN = frozenset(
    {
        b"connection",
        b"content-length",
        b"transfer-encoding",
        b"trailer",
        b"upgrade",
        b"location",
        b"content-location",
        b"access-control-allow-origin",
        b"set-cookie",
    }
)
_RESPONSE_SEEN = frozenset({b"x-request-id"})
_PROXY_CLAIMS = (b"x-forwarded-", b"x-rtm-")
_OURS = frozenset({b"forwarded", b"x-real-ip", b"http2-settings"})
_NOT_IN_TRAILERS = frozenset({b"set-cookie", b"www-authenticate", b"cache-control", b"expires"})


class NameRules(dict[bytes, Rule]):
    """The rules by spelling: looked up as a dict, learned on the first sight of a name."""

    def __init__(self, decide: Callable[[bytes], Rule]) -> None:
        super().__init__()
        self._decide = decide

    def __missing__(self, name: bytes) -> Rule:
        rule = self._decide(name)
        if len(self) < _SPELLINGS:
            self[name] = rule
        return rule


def request_rule(name: bytes) -> Rule:
    """The rule for a client's header.

    Dropped are hop-by-hop headers, a client's claims to be a proxy, and names that a CGI-like
    program would take for any header with a meaning here (`X_Forwarded_For`, `Content.Length`).
    """
    lower = name.lower()
    if lower in _REQUEST_TAKEN:
        return Rule(passes=False, key=lower)
    if lower in _REQUEST_SEEN:
        return Rule(passes=True, key=lower)
    plain = canonical(name)
    is_alias = plain != lower and (plain in _REQUEST_TAKEN or plain in _REQUEST_SEEN)
    is_ours = plain in _OURS or plain in HOP_BY_HOP or plain.startswith(_PROXY_CLAIMS)
    return DROP if is_alias or is_ours else PASS


def response_rule(name: bytes) -> Rule:
    """The rule for a provider's header."""
    lower = name.lower()
    if lower in _RESPONSE_TAKEN:
        return Rule(passes=False, key=lower)
    if lower in _RESPONSE_SEEN:
        return Rule(passes=True, key=lower)
    return DROP if lower in HOP_BY_HOP else PASS


def only_trailers(parts: list[bytes]) -> list[bytes]:
    """The lines that may trail: none that authenticates or describes content.

    RFC 9110 section 6.5.1. Lines with a rule other than PASS are not among the parts.
    """
    kept: list[bytes] = []
    for start in range(0, len(parts), 4):
        lower = parts[start].lower()
        if not lower.startswith(b"content-") and lower not in _NOT_IN_TRAILERS:
            kept += parts[start : start + 4]
    return kept
