"""Writes the tables of docs/reference/faults.md by bringing every fault about.

`python docs/tools/write_fault_reference.py` starts real daemons with broken providers, for half a
minute, and rewrites the page with what was told and how soon; with `--check` it runs nothing and
exits 1 when the page does not have exactly the faults and causes of tests/system/faults.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from page import Page

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.system.child import HomeFolder
from tests.system.faults.fault import Fault, Outcome
from tests.system.faults.run import FAULTS, GROUPS, TITLES

PAGE = Page(
    Path(__file__).resolve().parents[1] / "reference" / "faults.md",
    "<!-- faults: begin -->",
    "<!-- faults: end -->",
)
_HEAD = "| fault | is | cause told | what to do | told | measured | others |\n" + "|---" * 7 + "|"


def tables(outcomes: Mapping[Fault, Outcome]) -> str:
    """A table for each group."""
    parts = []
    for title, faults in TITLES.items():
        rows = [_row(fault, outcomes[fault]) for fault in faults if fault in outcomes]
        parts.append("\n".join([f"## {title}", "", _HEAD, *rows]))
    return "\n\n".join(parts)


def _row(fault: Fault, outcome: Outcome) -> str:
    measured = f"{outcome.seconds:.2f} s"
    return f"| {_words(fault)} | {measured} | {outcome.effect} |"


def _words(fault: Fault) -> str:
    """All of a row but what was measured."""
    told = fault.told
    kind = f"`{told.kind}`: " if told.kind else ""
    cells = (fault.title, told.state, kind + told.message, told.hint, fault.limit)
    return " | ".join(cell.replace("|", "\\|") for cell in cells)


def is_whole() -> bool:
    """Whether the page has a row for each fault, with its words, and no other."""
    rows = [line for line in PAGE.path.read_text(encoding="utf-8").splitlines() if _is_row(line)]
    words = [" | ".join(line.strip("| ").split(" | ")[:-2]) for line in rows]
    return words == [_words(fault) for fault in FAULTS]


def _is_row(line: str) -> bool:
    return line.startswith("| ") and line.endswith(" |") and not line.startswith("| fault |")


def brought_about() -> Iterator[tuple[Fault, Outcome]]:
    """Every fault with its outcome. Exits where one is not told as the table of tests has it."""
    for group in GROUPS:
        with tempfile.TemporaryDirectory() as folder:
            for fault, outcome in group(HomeFolder(Path(folder) / "h")).items():
                if outcome.told != fault.told:
                    raise SystemExit(f"{fault.title}: {outcome.told}, not {fault.told}")
                yield fault, outcome


if __name__ == "__main__":
    if "--check" in sys.argv[1:]:
        sys.exit(0 if is_whole() else 1)
    sys.exit(PAGE.main(tables(dict(brought_about()))))
