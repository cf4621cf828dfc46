"""Answers to listed origins: what a browser needs to let such a page read our responses.

Never `*`, and never credentials: a foreign page brings the token, no cookie.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from runtime_manager.gateway.reply import Header, Reply

_METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
_NAMES = re.compile(rb"[A-Za-z0-9-]+(?:[ \t]*,[ \t]*[A-Za-z0-9-]+)*")
_MAX_AGE_S = 600


def is_preflight(method: bytes, headers: Mapping[bytes, bytes]) -> bool:
    """Whether the browser asks leave for a later request (Fetch, section 4.8)."""
    return method == b"OPTIONS" and b"access-control-request-method" in headers


def origin_headers(origin: bytes) -> tuple[Header, ...]:
    """What every answer to a page of this listed origin carries."""
    return ((b"Access-Control-Allow-Origin", origin), (b"Vary", b"Origin"))


def preflight(headers: Mapping[bytes, bytes]) -> Reply:
    """The answer to a preflight, but for `origin_headers`; odd header names are not allowed."""
    asked = headers.get(b"access-control-request-headers", b"")
    allowed = ((b"Access-Control-Allow-Headers", asked),) if _NAMES.fullmatch(asked) else ()
    return Reply(
        204,
        (
            (b"Access-Control-Allow-Methods", _METHODS),
            *allowed,
            (b"Access-Control-Max-Age", b"%d" % _MAX_AGE_S),
        ),
    )
