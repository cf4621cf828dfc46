"""Answers of our own, as bytes: problems, redirects, preflights."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that does not come from a provider."""

    status: int
    fields: tuple[Header, ...] = ()
    body: bytes = b""
    closes: bool = False
    """The connection cannot go on after it."""

    def message(self, lines: bytes, *, is_head: bool) -> bytes:
        """The bytes to send; `lines` are further header lines as they stand on the wire."""
        has_length = self.status != 204
        length = ((b"Content-Length", b"%d" % len(self.body)),) if has_length else ()
        return b"HTTP/1.1 %d %b\r\n%b%b\r\n%b" % (
            self.status,
            HTTPStatus(self.status).phrase.encode(),
            header_lines((*self.fields, *length)),
            lines,
            b"" if is_head else self.body,
        )


def header_lines(fields: Iterable[Header]) -> bytes:
    """The fields as lines of a head."""
    return b"".join(b"%b: %b\r\n" % field for field in fields)


def redirect(location: bytes) -> Reply:
    """A redirect that keeps the method; not to be remembered, since manifests change."""
    return Reply(308, ((b"Location", location), (b"Cache-Control", b"no-store")))
