"""Bytes in, lines of text out; and how much of a flood is kept. Pure."""

from __future__ import annotations

LINE_LIMIT = 16 * 1024
CUT = " …"
"""Ends the piece of a line that goes on in the next piece."""


class Lines:
    """Cuts what a stream brings into lines of at most LINE_LIMIT bytes; nothing is lost."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """The lines that are complete now, and the pieces of one that is too long."""
        *lines, rest = (self._rest + data).split(b"\n")
        found: list[str] = []
        for line in lines:
            found.extend(_pieces(line.removesuffix(b"\r")))
        if len(rest) > LINE_LIMIT:
            *pieces, rest = _cut(rest)
            found.extend(text(piece) + CUT for piece in pieces)
        self._rest = rest
        return found

    def end(self) -> list[str]:
        """The last line, if the stream ended within it."""
        rest, self._rest = self._rest, b""
        return _pieces(rest.removesuffix(b"\r")) if rest else []


class Skipped:
    """What came of a stream while too much came: counted, and its last words kept."""

    def __init__(self, *, last_bytes: int, last_lines: int) -> None:
        self._last_bytes = last_bytes
        self._last_lines = last_lines
        self._count = 0
        self._last = b""

    @property
    def is_any(self) -> bool:
        """Whether anything was skipped since it was last told."""
        return bool(self._last)

    def add(self, data: bytes) -> None:
        """Count the lines of `data`, without making any."""
        self._count += data.count(b"\n")
        self._last = (self._last + data)[-self._last_bytes :]

    def give(self) -> tuple[int, bytes]:
        """How many lines are gone, and the bytes after them, from the start of a line."""
        _, _, last = self._last.partition(b"\n")
        last = b"\n".join(last.split(b"\n")[-self._last_lines - 1 :])
        gone = self._count - last.count(b"\n")
        self._count, self._last = 0, b""
        return gone, last


class Allowance:
    """So many bytes a second, and as many at once as are saved up."""

    def __init__(self, *, rate: float, most: float) -> None:
        self._rate = rate
        self._most = most
        self._left = most
        self._at = float("-inf")

    def spend(self, cost: float, *, at: float) -> bool:
        """Take `cost` off at the monotonic time `at`; whether anything is left after it."""
        saved = self._rate * (at - self._at)
        self._left = min(self._left + saved, self._most) - cost
        self._at = at
        return self._left > 0


def text(line: bytes) -> str:
    """What can be read of it."""
    return line.decode(errors="replace")


def _pieces(line: bytes) -> list[str]:
    if len(line) <= LINE_LIMIT:
        return [text(line)]
    *pieces, last = _cut(line)
    return [*(text(piece) + CUT for piece in pieces), text(last)]


def _cut(line: bytes) -> list[bytes]:
    """Pieces of at most LINE_LIMIT, not within a character of UTF-8 (RFC 3629)."""
    pieces = []
    while len(line) > LINE_LIMIT:
        end = LINE_LIMIT
        while end > LINE_LIMIT - 4 and line[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(line[:end])
        line = line[end:]
    return [*pieces, line]
