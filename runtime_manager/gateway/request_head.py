"""The head of one request: collected line by line, checked, written for the provider."""

from __future__ import annotations

import re
from typing import NamedTuple

from runtime_manager.gateway.access import Access
from runtime_manager.gateway.header_rules import Rule
from runtime_manager.gateway.problems import (
    BAD_FRAMING,
    BAD_VERSION,
    BODY_TOO_LARGE,
    UNKNOWN_ENCODING,
    UNKNOWN_EXPECTATION,
    UNKNOWN_METHOD,
    Problem,
)
from runtime_manager.gateway.sessions import COOKIE_PREFIX
from runtime_manager.http1.headers import Framing, list_items

METHODS_NOT_FORWARDED = frozenset(
    b"CONNECT PRI SOURCE DESCRIBE ANNOUNCE SETUP PLAY PAUSE TEARDOWN GET_PARAMETER SET_PARAMETER"
    b" REDIRECT RECORD FLUSH".split()
)
"""What the parser knows beyond HTTP (tunnels, HTTP/2's preface, RTSP, ICE)."""

_OWN_COOKIE = COOKIE_PREFIX.encode()
_REQUEST_ID = re.compile(rb"[\x21-\x7e]{1,200}")
_USUAL_CONNECTION = frozenset(
    {b"keep-alive", b"close", b"upgrade", b"keep-alive, upgrade", b"te", b"te, close", b""}
)


class RequestHead:
    """What has come of a head. `parts` are the pieces of the lines that pass, four to a line."""

    __slots__ = (
        "_other_bytes",
        "_other_lines",
        "holds_token",
        "is_http11",
        "keeps_alive",
        "method",
        "parts",
        "special",
        "target",
    )

    def __init__(self) -> None:
        self._other_bytes = 0
        self._other_lines = 0
        self.holds_token = False
        """Whether the daemon's token came with it."""
        self.target = b""
        self.method = b""
        self.is_http11 = True
        self.keeps_alive = True
        self.parts: list[bytes] = []
        self.special: dict[bytes, bytes] = {}
        """Remembered values by lower-case name; a repeated one is joined as a list."""

    def take(self, rule: Rule, name: bytes, *, value: bytes, access: Access) -> None:
        """Take a line that does not simply pass. Our own credentials are seen and kept back."""
        passes, key = rule
        kept: bytes | None = value if passes else None
        if key == b"authorization":
            kept = self._not_ours(value, access.is_own_authorization(value))
        elif key == b"x-rtm-token":
            self._not_ours(value, access.is_token(value))
        elif key == b"cookie":
            kept = without_own_cookies(value)
        if kept is None:
            self._other_bytes += len(name) + len(value) + 4
            self._other_lines += 1
        else:
            self.parts += (name, b": ", kept, b"\r\n")
        if key is None:
            return
        value = value.strip(b" \t")
        earlier = self.special.get(key)
        if earlier is not None:
            value = earlier + (b"; " if key == b"cookie" else b", ") + value
        self.special[key] = value

    def lines(self) -> int:
        """How many lines have come, those that do not pass included."""
        return len(self.parts) // 4 + self._other_lines

    def line_bytes(self) -> int:
        """How long all lines are, names, values and separators.

        Counted when asked: a head that comes in one small read needs no count line by line.
        """
        return sum(map(len, self.parts)) + self._other_bytes

    def _not_ours(self, value: bytes, is_ours: bool) -> bytes | None:
        if not is_ours:
            return value
        self.holds_token = True
        return None

    def drop_nominated(self) -> None:
        """Leave out the lines the client's Connection header names (RFC 9110 section 7.6.1).

        Those we write ourselves are not among the parts, so no client can have them removed.
        """
        connection = self.special.get(b"connection")
        if connection is None or connection.lower() in _USUAL_CONNECTION:
            return
        self.parts = without_lines(self.parts, frozenset(list_items(connection)))

    def request_id(self) -> bytes | None:
        """The client's X-Request-Id, if it is one that can be passed on."""
        value = self.special.get(b"x-request-id")
        return value if value is not None and _REQUEST_ID.fullmatch(value) else None


class Frame(NamedTuple):
    """How a request's body comes; `length` is 0 unless the framing is LENGTH."""

    framing: Framing
    length: int
    upgrade: bytes | None
    """The protocols asked for, as sent; None when the connection stays HTTP."""


PLAIN = Frame(Framing.NO_BODY, 0, None)
"""No body, and no other protocol."""


def frame(head: RequestHead, *, wants_upgrade: bool, body_limit: int | None) -> Frame | Problem:
    """What the parser leaves to us of a request's framing (RFC 9112 section 6).

    An upgrade is taken only without a body, and never to h2c, which would hide requests in it.
    """
    special = head.special
    if head.method in METHODS_NOT_FORWARDED:
        return UNKNOWN_METHOD
    if special.get(b"expect", b"100-continue").lower() != b"100-continue":
        return UNKNOWN_EXPECTATION
    encoding, length_text = special.get(b"transfer-encoding"), special.get(b"content-length")
    if encoding is not None:
        return _chunked(head, encoding, length_text)
    if length_text is None and not wants_upgrade:
        return PLAIN
    length = 0 if length_text is None else int(length_text)
    if body_limit is not None and length > body_limit:
        return BODY_TOO_LARGE
    if length:
        return Frame(Framing.LENGTH, length, None)
    upgrade = _upgrade(head) if wants_upgrade else None
    return Frame(Framing.NO_BODY, 0, upgrade)


def _chunked(head: RequestHead, encoding: bytes, length: bytes | None) -> Frame | Problem:
    if not head.is_http11 or length is not None:
        return BAD_FRAMING
    if encoding.lower() != b"chunked":
        return UNKNOWN_ENCODING
    return Frame(Framing.CHUNKED, 0, None)


def _upgrade(head: RequestHead) -> bytes | None:
    asked = head.special.get(b"upgrade", b"")
    protocols = list_items(asked)
    if not head.is_http11 or not protocols or b"h2c" in protocols:
        return None
    if b"websocket" in protocols and head.method != b"GET":
        return None
    return asked


def check_version(version: str) -> Problem | None:
    """505 for what is neither 1.1 nor 1.0; the parser lets 0.9 and 2.0 through."""
    return None if version in ("1.1", "1.0") else BAD_VERSION


def without_own_cookies(value: bytes) -> bytes | None:
    """A Cookie line without any daemon's session, else byte for byte; None when none is left."""
    if _OWN_COOKIE not in value:
        return value
    kept = [c for c in value.split(b";") if not c.lstrip(b" \t").startswith(_OWN_COOKIE)]
    return b";".join(kept).lstrip(b" \t") or None


def without_lines(parts: list[bytes], names: frozenset[bytes]) -> list[bytes]:
    """The lines of `parts` whose lower-case name is not among `names`."""
    kept: list[bytes] = []
    for start in range(0, len(parts), 4):
        if parts[start].lower() not in names:
            kept += parts[start : start + 4]
    return kept


def write_head(
    head: RequestHead, frame: Frame, *, target: bytes, host: bytes, lines: bytes
) -> bytes:
    """The head as the provider gets it; `lines` are ours, as they stand on the wire."""
    start = b"%b %b HTTP/1.1\r\nHost: %b\r\n" % (head.method, target, host)
    return b"".join((start, *head.parts, lines, framing_lines(head, frame), b"\r\n"))


def framing_lines(head: RequestHead, frame: Frame) -> bytes:
    """The lines that tell the provider how the body comes and what becomes of the connection."""
    special = head.special
    lines = b""
    if frame.framing is Framing.CHUNKED:
        lines = b"Transfer-Encoding: chunked\r\n"
        if b"trailer" in special:
            lines += b"Trailer: %b\r\n" % special[b"trailer"]
    elif frame.framing is Framing.LENGTH or b"content-length" in special:
        lines = b"Content-Length: %d\r\n" % frame.length
    if b"expect" in special and head.is_http11:
        lines += b"Expect: 100-continue\r\n"
    if frame.upgrade is not None:
        return lines + b"Connection: Upgrade\r\nUpgrade: %b\r\n" % frame.upgrade
    if b"te" in special and b"trailers" in list_items(special[b"te"]):
        lines += b"TE: trailers\r\nConnection: TE\r\n"
    return lines
