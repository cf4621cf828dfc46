"""Host and Origin values, parsed strictly: what looks odd is no name (RFC 9110 section 7.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HOST = re.compile(
    rb"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?::(?P<port>[0-9]{1,5}))?"
)


@dataclass(frozen=True, slots=True)
class HostName:
    """A host in lower case, IPv6 in brackets; `port` is None where none was given."""

    name: str
    port: int | None

    def __str__(self) -> str:
        return self.name if self.port is None else f"{self.name}:{self.port}"


def parse_host(value: bytes) -> HostName | None:
    """Read a Host header; None for an empty one, a list, userinfo, a path or a bad port."""
    match = _HOST.fullmatch(value)
    if match is None:
        return None
    port = int(match["port"]) if match["port"] else None
    if port is not None and not 0 < port < 65536:
        return None
    return HostName(match["name"].decode().lower(), port)


def parse_origin(value: bytes) -> HostName | None:
    """Read an `http://` Origin; None for `null` and every other scheme."""
    scheme, _, rest = value.partition(b"://")
    return parse_host(rest) if scheme == b"http" else None
