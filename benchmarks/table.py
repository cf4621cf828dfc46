"""A run as text for people, as Markdown for the documentation, or as JSON. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence

from benchmarks.figures import Limit, Row, Section, Unit

_HEADING = ("", "ours", "beside it", "ratio", "target", "")
_STEPS: dict[Unit, tuple[tuple[float, str], ...]] = {
    Unit.SECONDS: ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")),
    Unit.BYTES: ((2.0**20, "MiB"), (2.0**10, "KiB"), (1.0, "B")),
    Unit.PERCENT: ((1.0, "%"),),
    Unit.COUNT: ((1.0, ""),),
    Unit.PER_SECOND: ((1.0, "/s"),),
}


def number(value: float, unit: Unit) -> str:
    """Three digits that count, in the multiple that reads best."""
    steps = _STEPS[unit]
    size, name = next((step for step in steps if abs(value) >= step[0]), steps[-1])
    scaled = value / size
    digits = 0 if abs(scaled) >= 100 or scaled == int(scaled) else 1 if abs(scaled) >= 10 else 2
    return f"{scaled:,.{digits}f} {name}".rstrip()


def target(limit: Limit | None, unit: Unit) -> str:
    """`at most …`, as the row's reader checks it; empty without a target."""
    if limit is None:
        return ""
    terms = []
    if limit.factor:
        terms.append(f"{limit.factor:g}x")
    if limit.plus or not limit.factor:
        terms.append(number(limit.plus, unit))
    return "≤ " + " + ".join(terms)


def cells(row: Row) -> tuple[str, ...]:
    """One line of the table."""
    beside, ratio = row.beside_median, row.ratio
    return (
        row.what,
        number(row.ours_median, row.unit),
        "" if beside is None else number(beside, row.unit),
        "" if ratio is None else f"{ratio:.2f}x",
        target(row.limit, row.unit),
        {None: "", True: "met", False: "missed"}[row.is_met],
    )


def as_text(sections: Iterable[Section]) -> str:
    """Tables in columns, one below the other, all as wide as the widest."""
    shown = list(sections)
    lines = [_HEADING, *(cells(row) for section in shown for row in section.rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADING))]

    def line(texts: Sequence[str]) -> str:
        first, *rest = (text.ljust(width) for text, width in zip(texts, widths, strict=True))
        return "  ".join(["  " + first, *rest]).rstrip()

    return "\n\n".join(_block(section, line) for section in shown) + "\n"


def _block(section: Section, line: Callable[[Sequence[str]], str]) -> str:
    head = f"{section.name}: {section.title}"
    if section.beside:
        head += f"; beside it: {section.beside}"
    table = [line(_HEADING), *(line(cells(row)) for row in section.rows)] if section.rows else []
    return "\n".join([head, *table, *(f"  {note}" for note in section.notes)])


def as_markdown(sections: Iterable[Section]) -> str:
    """One table for the documentation; notes are left to its words."""
    rows = [
        "| measured | ours | beside it | ratio | target | |",
        "|---|---:|---:|---:|---|---|",
    ]
    for section in sections:
        title = f"**{section.name}**: {section.title}"
        beside = f"*{section.beside}*" if section.beside else ""
        rows.append(f"| {title} | | {beside} | | | |")
        rows += [f"| {' | '.join(cells(row))} |" for row in section.rows]
    return "\n".join(rows) + "\n"


def as_json(sections: Iterable[Section]) -> str:
    """Everything, each round too; seconds and bytes."""
    document = [
        {
            "name": section.name,
            "title": section.title,
            "beside": section.beside,
            "notes": section.notes,
            "rows": [_document(row) for row in section.rows],
        }
        for section in sections
    ]
    return json.dumps({"sections": document}, indent=2, ensure_ascii=False) + "\n"


def _document(row: Row) -> dict[str, object]:
    return {
        "what": row.what,
        "unit": row.unit.value,
        "ours": row.ours,
        "beside": row.beside,
        "ours_median": row.ours_median,
        "beside_median": row.beside_median,
        "ratio": row.ratio,
        "target": target(row.limit, row.unit),
        "is_met": row.is_met,
    }
