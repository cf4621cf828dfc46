"""Writes the table of docs/reference/degraded.md by bringing every shortage about.

`python docs/tools/write_degraded_reference.py` needs root and what the rows name; it starts a real
daemon for each, for two minutes in all. With `--check` it runs nothing, and exits 1 when the page
does not have exactly the rows of tests/system/degraded.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from page import Page

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.system.child import HomeFolder
from tests.system.degraded.run import brought_about
from tests.system.degraded.shortage import Shortage
from tests.system.degraded.shortages import SHORTAGES

PAGE = Page(
    Path(__file__).resolve().parents[1] / "reference" / "degraded.md",
    "<!-- shortages: begin -->",
    "<!-- shortages: end -->",
)


def table() -> str:
    """A section for each: what was done, what is told, what goes on, and how it ends."""
    return "\n\n".join(_section(shortage) for shortage in SHORTAGES)


def _section(shortage: Shortage) -> str:
    expected = shortage.expected
    told = expected.told or ("nothing: there is nobody to tell",)
    return "\n".join(
        [
            f"## {shortage.title}",
            "",
            f"- *Brought about by*: {shortage.how}",
            f"- *Meanwhile*: {shortage.goes_on}.",
            f"- *Effect on healthy providers*: {expected.effect}",
            "",
            "```text",
            "while it lasts",
            *(f"  {line}" for line in told),
            "once it is over",
            *(f"  {line}" for line in expected.over),
            "```",
        ]
    )


def all_come_about() -> None:
    """Exit where one is not told as the table of tests has it."""
    for shortage in SHORTAGES:
        with tempfile.TemporaryDirectory() as folder:
            outcome = brought_about(shortage, HomeFolder(Path(folder) / "h"))
        if outcome != shortage.expected:
            raise SystemExit(f"{shortage.title}: {outcome}, not {shortage.expected}")
        print(f"as it should be: {shortage.title}", file=sys.stderr)  # noqa: T201  # progress


if __name__ == "__main__":
    if "--check" not in sys.argv[1:]:
        all_come_about()
    sys.exit(PAGE.main(table()))
