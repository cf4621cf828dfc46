"""`python -m benchmarks [NAME …]`: measure, and print the table with the targets beside it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks import (
    announcing,
    booting,
    breaking,
    crashing,
    cycling,
    forwarding,
    idling,
    listing,
    memory,
    packages,
    page,
    scanning,
    starting,
    table,
)
from benchmarks.figures import Section
from benchmarks.rounds import QUICK, Effort

_MEASURES: dict[str, Callable[[Effort], Section]] = {
    "start": starting.measure,
    "boot": booting.measure,
    "broken": breaking.measure,
    "announce": announcing.measure,
    "list": listing.measure,
    "scan": scanning.measure,
    "crash": crashing.measure,
    "idle": idling.measure,
    "memory": memory.measure,
    "packages": packages.measure,
    "gateway": forwarding.measure,
    "cycles": cycling.measure,
}
_FORMATS = {"text": table.as_text, "markdown": table.as_markdown, "json": table.as_json}


def main(words: Sequence[str] | None = None) -> int:
    """Run what is asked for; what stands on stderr is progress, on stdout the result."""
    arguments = _parser().parse_args(words)
    effort = QUICK if arguments.quick else Effort()
    if arguments.rounds:
        effort = replace(effort, rounds=arguments.rounds)
    circumstances = page.circumstances(_words(arguments))
    sections = []
    for name in arguments.names or _MEASURES:
        print(f"measuring: {name}", file=sys.stderr, flush=True)
        sections.append(_MEASURES[name](effort))
    print(_FORMATS[arguments.format](sections), end="")
    if arguments.write is not None:
        made = f"{circumstances}\n\n{table.as_markdown(sections)}"
        arguments.write.write_text(page.written(arguments.write.read_text(), made))
    return 0


def _words(arguments: argparse.Namespace) -> str:
    """What was asked for, as far as the figures depend on it."""
    words = ["python -m benchmarks", *arguments.names]
    if arguments.rounds:
        words.append(f"--rounds {arguments.rounds}")
    if arguments.quick:
        words.append("--quick")
    return " ".join(words)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(_MEASURES)}; all if none is given"
    )
    parser.add_argument("--rounds", type=int, metavar="N", help="of each comparison")
    parser.add_argument("--quick", action="store_true", help="little of everything: rough figures")
    parser.add_argument("--format", choices=_FORMATS, default="text", help="of the result")
    parser.add_argument(
        "--write",
        type=Path,
        metavar="PAGE",
        help="put the table into a page of Markdown, between its marks too: all of "
        "them for docs/explanation/performance.md",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
