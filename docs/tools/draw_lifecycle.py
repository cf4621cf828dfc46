"""Draws the life cycle's diagram from its table, into docs/explanation/lifecycle.md.

`python docs/tools/draw_lifecycle.py` rewrites the page; with `--check` it exits 1 when the page
does not show the table as it is.
"""

from __future__ import annotations

import sys
from pathlib import Path

from page import Page

from runtime_manager.lifecycle.table import ASKED, IGNORED, TABLE, Event, Row, State

PAGE = Page(
    Path(__file__).resolve().parents[1] / "explanation" / "lifecycle.md",
    "<!-- drawn from the table: begin -->",
    "<!-- drawn from the table: end -->",
)


def diagram() -> str:
    """The table as a Mermaid state diagram: one arrow for each pair of states."""
    arrows: dict[tuple[State, State], list[str]] = {}
    for row in TABLE:
        if row.state is not row.to:
            arrows.setdefault((row.state, row.to), []).append(_label(row))
    lines = ["stateDiagram-v2", "    [*] --> stopped"]
    for (state, to), labels in arrows.items():
        lines.append(f"    {state} --> {to} : {', '.join(dict.fromkeys(labels))}")
    return "\n".join(["```mermaid", *lines, "```"])


def _label(row: Row) -> str:
    guard = row.guard.__name__.replace("_", " ")
    return f"{row.event}" if guard == "always" else f"{row.event} [{guard}]"


def grid() -> str:
    """The table as a grid of states by events: where each leads, in the order it is tried."""
    events = [*sorted(ASKED, key=list(Event).index), *[e for e in Event if e not in ASKED]]
    rows = [
        "| state | " + " | ".join(f"`{event}`" for event in events) + " |",
        "|---|" + "---|" * len(events),
    ]
    rows += [
        f"| **{state}** | " + " | ".join(_cell(state, event) for event in events) + " |"
        for state in State
    ]
    return "\n".join(rows)


def _cell(state: State, event: Event) -> str:
    if (state, event) in IGNORED:
        return "–"  # noqa: RUF001  # the dash the page explains
    found = [row for row in TABLE if (row.state, row.event) == (state, event)]
    return "; ".join(_way(row) for row in found) or "✗"


def _way(row: Row) -> str:
    guard = row.guard.__name__.replace("_", " ")
    return f"{row.to}" if guard == "always" else f"{guard}: {row.to}"


if __name__ == "__main__":
    sys.exit(PAGE.main(f"{diagram()}\n\n{grid()}"))
