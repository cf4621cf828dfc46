"""`rtm routes`: which address leads where, as the gateway has it."""

from __future__ import annotations

from runtime_manager.cli.connect import find_daemon
from runtime_manager.cli.exit_codes import ExitCode
from runtime_manager.cli.human import printable
from runtime_manager.cli.table import table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Mapping
    from typing import Any

    from runtime_manager.cli.terminal import Terminal

_GATE_COLUMN = 2
_GATE_COLOURS = {"open": "green", "wait": "yellow", "closed": "red"}


def add_arguments(parser: ArgumentParser) -> None:
    """`routes` has no arguments of its own."""


def run(arguments: Namespace, terminal: Terminal) -> ExitCode:
    """Print the routes, sorted by prefix."""
    document = find_daemon(arguments.home).client.get("/api/v1/routes")
    if terminal.is_json:
        terminal.document(document)
        return ExitCode.DONE
    routes = sorted(document["routes"], key=lambda route: str(route["prefix"]))
    rows = [["PREFIX", "CODE", "GATE", "ENDPOINT", "NAME", "CAUSE"], *map(_row, routes)]
    terminal.lines(
        table(
            rows,
            width=terminal.width,
            paint=lambda column, cell: (
                terminal.paint(cell, _GATE_COLOURS.get(cell.strip()))
                if column == _GATE_COLUMN
                else cell
            ),
        )
    )
    return ExitCode.DONE


def _row(route: Mapping[str, Any]) -> list[str]:
    keys = ("prefix", "code", "gate", "endpoint", "name")
    cells = [printable(route.get(key) or "-") for key in keys]
    return [*cells, printable(route.get("cause") or "")]
