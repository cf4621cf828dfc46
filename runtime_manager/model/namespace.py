"""Which route prefixes a provider may have. Pure."""

from __future__ import annotations

import re

API = "/api/v1"

RESERVED = frozenset(
    """
    providers routes events packages openapi.json leases contexts agents runtimes sessions
    catalogue mcp config reload tokens health
    """.split()  # noqa: SIM905  # a list of words reads better
)
"""First segments under /api/v1 that are the control API's."""

RESERVED_ROOTS = frozenset({"healthz", "readyz", "metrics", "assets", "_rtm"})
"""First segments of a path that are the daemon's own."""

RESERVED_CODES = frozenset({"rtm"})
"""Codes no provider may have: rtm.localhost is the daemon's."""

_SEGMENT = re.compile(r"[A-Za-z0-9._~-]+", re.ASCII)


def default_namespace(code: str) -> str:
    """The prefix of a provider whose manifest gives none."""
    return f"{API}/{code}"


def parse_namespace(text: str) -> str:
    """The full prefix, without a trailing slash; a bare word goes below /api/v1.

    Raises ValueError for what is no plain path (RFC 3986 unreserved characters only, so that no
    encoding of it exists) and for what is the daemon's own.
    """
    path = text if text.startswith("/") else f"{API}/{text or '.'}"
    segments = path.rstrip("/").split("/")[1:]
    if not segments:
        raise ValueError("/ cannot be one provider's; expected a path such as /api/v1/cool")
    for segment in segments:
        if segment in (".", "..") or not _SEGMENT.fullmatch(segment):
            raise ValueError(
                "expected a word such as cool, or a path such as /api/v1/cool made of letters, "
                "digits and . _ ~ -"
            )
    _refuse_reserved(segments)
    return "/" + "/".join(segments)


def _refuse_reserved(segments: list[str]) -> None:
    if segments in (["api"], ["api", "v1"]):
        raise ValueError(f"/{'/'.join(segments)} is the control API's; expected a path below it")
    own_root = segments[0] in RESERVED_ROOTS
    own_api = segments[:2] == ["api", "v1"] and segments[2] in RESERVED
    if own_root or own_api:
        own = segments[:1] if own_root else segments[:3]
        raise ValueError(f"/{'/'.join(own)} is the daemon's own; choose another namespace")
