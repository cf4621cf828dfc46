"""Aligned columns of text, as wide as they look on a terminal. Pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    # (column, cell already padded) -> the same with colour
    Paint = Callable[[int, str], str]

GAP = "  "
_LEAST_LAST_COLUMN = 8


def shown_width(text: str) -> int:
    """Columns a terminal needs: two for wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(
        0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text
    )


def cut(text: str, limit: int) -> str:
    """At most `limit` columns of the text, ending in … when some of it is gone."""
    if shown_width(text) <= limit:
        return text
    kept = ""
    for char in text:
        if shown_width(kept + char) > limit - 1:
            break
        kept += char
    return kept + "…" if limit > 0 else ""


def pad(text: str, width: int) -> str:
    """The text with spaces up to `width` columns."""
    return text + " " * (width - shown_width(text))


def table_width(rows: Sequence[Sequence[str]]) -> int:
    """Columns that all but the last column take, gaps included."""
    return sum(width + len(GAP) for width in _widths(rows)[:-1])


def table(
    rows: Sequence[Sequence[str]], *, width: int | None = None, paint: Paint | None = None
) -> list[str]:
    """Lines of aligned cells; the last column is cut so that a line fits `width` (None: no limit).

    `rows` are equally long and not empty; the first is the heading, which is not painted.
    """
    widths = _widths(rows)
    if width is not None:
        left = width - table_width(rows)
        rows = [[*row[:-1], cut(row[-1], max(left, _LEAST_LAST_COLUMN))] for row in rows]
    return [
        _line(row, widths=widths, paint=paint if number else None)
        for number, row in enumerate(rows)
    ]


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(shown_width, column)) for column in zip(*rows, strict=True)]


def _line(row: Sequence[str], *, widths: Sequence[int], paint: Paint | None) -> str:
    cells = [pad(cell, width) for cell, width in zip(row[:-1], widths, strict=False)] + [row[-1]]
    if paint is not None:
        cells = [paint(column, cell) for column, cell in enumerate(cells)]
    return GAP.join(cells).rstrip()
