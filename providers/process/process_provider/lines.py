"""Cuts a stream of bytes into lines of text. Pure."""

from __future__ import annotations

MAX_LINE_BYTES = 8192
"""A longer line is told in parts."""

_CONTINUATION = 0b10
_LONGEST_CHARACTER = 4


class Lines:
    """What is still incomplete of one stream, between its reads."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """The lines that `data` completes; bytes that are no UTF-8 become U+FFFD."""
        *complete, self._rest = (self._rest + data).split(b"\n")
        lines = [part for line in complete for part in _parts(line.removesuffix(b"\r"))]
        while len(self._rest) > MAX_LINE_BYTES:
            part, self._rest = _cut(self._rest)
            lines.append(part)
        return [line.decode(errors="replace") for line in lines]

    def end(self) -> list[str]:
        """The last line, where no newline ended it."""
        rest, self._rest = self._rest, b""
        return [rest.decode(errors="replace")] if rest else []


def _parts(line: bytes) -> list[bytes]:
    parts = []
    while len(line) > MAX_LINE_BYTES:
        part, line = _cut(line)
        parts.append(part)
    return [*parts, line]


def _cut(line: bytes) -> tuple[bytes, bytes]:
    """Split at the limit, or up to three bytes before it so that no character is torn."""
    at = MAX_LINE_BYTES
    while line[at] >> 6 == _CONTINUATION and at > MAX_LINE_BYTES - _LONGEST_CHARACTER:
        at -= 1
    return line[:at], line[at:]
