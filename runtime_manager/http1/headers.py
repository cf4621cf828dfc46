"""Header rules both sides of a connection share: names that stop at a hop, list values, framing."""

from __future__ import annotations

from enum import Enum

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Meant for the next hop only (RFC 9110 sections 7.6.1 and 11.7)."""


class Framing(Enum):
    """How a message says where its body ends (RFC 9112 section 6.3)."""

    NO_BODY = "no body"
    LENGTH = "length"
    CHUNKED = "chunked"
    UNTIL_CLOSE = "until close"


def list_items(value: bytes) -> list[bytes]:
    """The members of a comma-separated value, lower case; empty members are ignored."""
    return [item for part in value.lower().split(b",") if (item := part.strip(b" \t"))]


def canonical(name: bytes) -> bytes:
    """The name as a CGI-like program would read it: lower case, `_` and `.` taken for `-`."""
    return name.lower().replace(b"_", b"-").replace(b".", b"-")


def response_framing(
    status: int, *, is_head: bool, length: bytes | None, encoding: bytes | None
) -> Framing | None:
    """How a final response is framed; None when its Transfer-Encoding is not exactly `chunked`."""
    if is_head or status in (204, 304):
        return Framing.NO_BODY
    if encoding is not None:
        return Framing.CHUNKED if encoding.lower() == b"chunked" else None
    return Framing.UNTIL_CLOSE if length is None else Framing.LENGTH
