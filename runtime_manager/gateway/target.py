"""The request target: what form it has, and whether its path is one we dare to route.

Bytes are never rewritten. A path whose dot segments only show after decoding is refused, because
whoever decodes it later would leave the namespace (CVE-2023-27482 and many like it).
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from runtime_manager.gateway.problems import BAD_TARGET, DOT_SEGMENTS, Problem

_ABSOLUTE = re.compile(rb"http://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_DOT_SEGMENT = re.compile(rb"(?:^|[/\\])\.{1,2}(?:[/\\;]|$)")
_INVISIBLE = bytes(range(0x21)) + b"\x7f"
_DECODINGS = 4


Target = tuple[bytes | None, bytes, bytes]
"""A target in pieces (RFC 9112 section 3.2): its authority, None in origin-form; its path, which is
routed by; path and query, which are forwarded, as they came but for a fragment."""


def parse_target(target: bytes) -> Target | Problem:
    """Read a target; 400 for asterisk- and authority-form, and for dot segments in any encoding."""
    authority = None
    if target[:1] != b"/":
        match = _ABSOLUTE.fullmatch(target)
        if match is None:
            return BAD_TARGET
        authority, target = match[1], match[2]
        if target[:1] != b"/":
            target = b"/" + target
    if b"#" in target:
        target = target.partition(b"#")[0]
    path = target.partition(b"?")[0] if b"?" in target else target
    return DOT_SEGMENTS if has_dot_segments(path) else (authority, path, target)


def has_dot_segments(path: bytes) -> bool:
    """Whether any reader of the path could see `.` or `..` in it, however often it decodes."""
    if b"%" not in path and b"\\" not in path and b"/." not in path:
        return False
    for _ in range(_DECODINGS):
        if _DOT_SEGMENT.search(path.translate(None, _INVISIBLE)):
            return True
        decoded = unquote_to_bytes(path)
        if decoded == path:
            return False
        path = decoded
    return True
