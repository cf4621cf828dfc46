"""The head of one answer: collected line by line, then written as this client can take it."""

from __future__ import annotations

from runtime_manager.gateway.header_rules import Rule
from runtime_manager.gateway.request_head import without_lines
from runtime_manager.http1.headers import Framing, list_items

_USUAL_CONNECTION = frozenset({b"keep-alive", b"close", b"upgrade", b""})


class ResponseHead:
    """What has come of a head. `parts` are the pieces of the lines that pass, four to a line."""

    __slots__ = ("parts", "reason", "special")

    def __init__(self) -> None:
        self.reason = b""
        self.parts: list[bytes] = []
        self.special: dict[bytes, bytes] = {}
        """Remembered values by lower-case name; a repeated one is joined as a list."""

    def take(self, rule: Rule, name: bytes, *, value: bytes) -> None:
        """Take a line that does not simply pass."""
        key = rule.key
        if key is None:
            return
        if rule.passes:
            self.parts += (name, b": ", value, b"\r\n")
        value = value.strip(b" \t")
        earlier = self.special.get(key)
        self.special[key] = value if earlier is None else earlier + b", " + value

    def drop_nominated(self) -> None:
        """Leave out the lines the provider's Connection header names."""
        connection = self.special.get(b"connection")
        if connection is not None and connection.lower() not in _USUAL_CONNECTION:
            self.parts = without_lines(self.parts, frozenset(list_items(connection)))


def write_head(head: ResponseHead, status: int, *, lines: bytes) -> bytes:
    """The head as the client gets it; `lines` are ours, as they stand on the wire."""
    start = b"HTTP/1.1 %d %b\r\n" % (status, head.reason)
    return b"".join((start, *head.parts, lines, b"\r\n"))


def client_framing(framing: Framing, *, is_http11: bool) -> Framing:
    """How the body goes on to the client: HTTP/1.0 knows no chunks (RFC 9112 section 6.1)."""
    if framing in (Framing.CHUNKED, Framing.UNTIL_CLOSE):
        return Framing.CHUNKED if is_http11 else Framing.UNTIL_CLOSE
    return framing


def framing_lines(head: ResponseHead, framing: Framing, *, status: int) -> bytes:
    """The lines that tell the client how the body comes.

    HEAD and 304 keep the length of the body they do not have; 204 has none to tell.
    """
    special = head.special
    if framing is Framing.CHUNKED:
        trailer = special.get(b"trailer")
        announced = b"" if trailer is None else b"Trailer: %b\r\n" % trailer
        return b"Transfer-Encoding: chunked\r\n" + announced
    length = special.get(b"content-length")
    return b"" if length is None or status == 204 else b"Content-Length: %b\r\n" % length


def connection_line(*, keeps_alive: bool, is_http11: bool) -> bytes:
    """What the client is told of its connection, where the version's default says otherwise."""
    if keeps_alive:
        return b"" if is_http11 else b"Connection: keep-alive\r\n"
    return b"Connection: close\r\n"
