"""`python -m benchmarks [NAME …]`: measure, and print the table with the targets beside it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

from benchmarks import (
    announcing,
    breaking,
    crashing,
    cycling,
    forwarding,
    idling,
    listing,
    memory,
    packages,
    scanning,
    starting,
    table,
)
from benchmarks.figures import Section
from benchmarks.rounds import QUICK, Effort

_MEASURES: dict[str, Callable[[Effort], Section]] = {
    "start": starting.measure,
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
    sections = []
    for name in arguments.names or _MEASURES:
        print(f"measuring: {name}", file=sys.stderr, flush=True)
        sections.append(_MEASURES[name](effort))
    print(_FORMATS[arguments.format](sections), end="")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(_MEASURES)}; all if none is given"
    )
    parser.add_argument("--rounds", type=int, metavar="N", help="of each comparison")
    parser.add_argument("--quick", action="store_true", help="little of everything: rough figures")
    parser.add_argument("--format", choices=_FORMATS, default="text", help="of the result")
    return parser


if __name__ == "__main__":
    sys.exit(main())
