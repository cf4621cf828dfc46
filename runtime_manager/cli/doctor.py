"""`rtm doctor`: what of the home, the daemon and the machine is not as it should be."""

from __future__ import annotations

import os
import sys

from runtime_manager.cli.exit_codes import ExitCode
from runtime_manager.cli.failures import UsageError
from runtime_manager.cli.human import printable
from runtime_manager.cli.table import pad

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from runtime_manager.checkup.rows import Row
    from runtime_manager.cli.terminal import Terminal
    from runtime_manager.model.home import Home
    from runtime_manager.process.tree import Marked

_COLOURS = {"ok": "green", "note": "dim", "warn": "yellow", "bad": "red"}
_LEVEL_WIDTH = 6


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `doctor`."""
    parser.add_argument(
        "--leftovers",
        action="store_true",
        help="list processes that an earlier daemon of this home left, and end them after asking",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(arguments: Namespace, terminal: Terminal) -> ExitCode:
    """Print a line for each thing looked at; FAILED where something is bad."""
    from runtime_manager.model.home import Home

    home = Home.locate(arguments.home, os.environ)
    if arguments.leftovers:
        return _leftovers(home, terminal, is_sure=arguments.yes)
    from runtime_manager.checkup.checkup import checkup

    rows = list(checkup(home))
    is_well = all(row.level != "bad" for row in rows)
    if terminal.is_json:
        told = [
            {"name": row.name, "level": str(row.level), "text": row.text, "hint": row.hint}
            for row in rows
        ]
        terminal.document({"home": str(home.root), "is_well": is_well, "rows": told})
    else:
        terminal.lines([line for row in rows for line in _lines(row, rows, terminal)])
    return ExitCode.DONE if is_well else ExitCode.FAILED


def _lines(row: Row, rows: Sequence[Row], terminal: Terminal) -> list[str]:
    width = max(len(one.name) for one in rows) + 2
    level = terminal.paint(pad(str(row.level), _LEVEL_WIDTH), _COLOURS[row.level])
    lines = [f"{level}{pad(row.name, width)}{printable(row.text)}"]
    if row.hint:
        lines.append(f"{' ' * (_LEVEL_WIDTH + width)}do: {printable(row.hint)}")
    return lines


def _leftovers(home: Home, terminal: Terminal, *, is_sure: bool) -> ExitCode:
    """List them, ask, end them; FAILED where one outlives SIGKILL."""
    from runtime_manager.checkup.checkup import alive_leftovers
    from runtime_manager.checkup.ending import end

    found = alive_leftovers(home)
    left: list[Marked] = found
    if found and not terminal.is_json:
        terminal.lines([f"{one.pid}  {one.marker}  {printable(_words(one.pid))}" for one in found])
    is_agreed = bool(found) and (is_sure or _agrees(len(found), terminal))
    if is_agreed:
        left = end(lambda: alive_leftovers(home))
    if terminal.is_json:
        documents = [{"pid": one.pid, "marker": one.marker} for one in found]
        alive = [one.pid for one in left]
        terminal.document({"leftovers": documents, "is_ended": is_agreed, "alive": alive})
    elif is_agreed and not left:
        terminal.line(f"ended {len(found)}")
    return ExitCode.FAILED if is_agreed and left else ExitCode.DONE


def _words(pid: int) -> str:
    """The command line of a process."""
    from runtime_manager.process.tree import read_all

    return read_all(f"/proc/{pid}/cmdline").replace(b"\0", b" ").decode(errors="replace")


def _agrees(count: int, terminal: Terminal) -> bool:
    if terminal.is_json:
        return False  # programs say --yes
    if not (sys.stdin.isatty() and terminal.is_terminal):
        raise UsageError("nobody can be asked here", hint="--yes ends them without asking")
    terminal.out.write(f"end {'it' if count == 1 else f'all {count}'}? [y/N] ")
    terminal.out.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
