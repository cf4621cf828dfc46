"""`rtm top`: what each provider uses and is asked for, drawn anew every two seconds."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime

from runtime_manager.cli.arguments import duration
from runtime_manager.cli.connect import find_daemon
from runtime_manager.cli.exit_codes import ExitCode
from runtime_manager.cli.human import age_of, printable, size
from runtime_manager.cli.rates import Look, figures
from runtime_manager.cli.table import shown_width, table
from runtime_manager.client.targets import PROVIDERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Mapping, Sequence
    from typing import Any

    from runtime_manager.cli.connect import Daemon
    from runtime_manager.cli.terminal import Terminal

_HEADING = ("CODE", "STATE", "CPU %", "MEMORY", "PROCS", "REQ/S", "OPEN", "RESTARTS", "SINCE")
_STATE_COLUMN = 1
_FIGURES = (2, 3, 4, 5, 6, 7)
_LEAST_S = 1.1  # the daemon measures usage at most once a second
_SORTED_BY = {"cpu": "cpu_percent", "memory": "rss_bytes", "requests": "requests_per_s"}


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `top`."""
    parser.add_argument(
        "--once", action="store_true", help="print one table, of the next second, and end"
    )
    parser.add_argument(
        "--interval",
        dest="interval_s",
        metavar="TIME",
        type=duration,
        default=2.0,
        help="time between two tables (default: 2s, at least 1.1s)",
    )
    parser.add_argument(
        "--sort",
        choices=("code", *_SORTED_BY),
        default="code",
        help="what the order goes by (default: code)",
    )


def run(arguments: Namespace, terminal: Terminal) -> ExitCode:
    """Draw until q or Ctrl-C; one table where the output or the input is no terminal."""
    daemon = find_daemon(arguments.home)
    is_live = terminal.is_terminal and sys.stdin.isatty()
    if terminal.is_json or arguments.once or not is_live:
        return _once(daemon, terminal, by=arguments.sort)
    try:
        _live(daemon, terminal, by=arguments.sort, interval_s=max(arguments.interval_s, _LEAST_S))
    except KeyboardInterrupt:
        pass  # the usual way to end it
    return ExitCode.DONE


def _once(daemon: Daemon, terminal: Terminal, *, by: str) -> ExitCode:
    before = _look(daemon)
    time.sleep(_LEAST_S)  # rates are of the time between two looks
    rows = _ordered(figures(_look(daemon), before), by)
    if terminal.is_json:
        terminal.document({"providers": rows})
    else:
        terminal.lines(_table(rows, terminal))
    return ExitCode.DONE


def _live(daemon: Daemon, terminal: Terminal, *, by: str, interval_s: float) -> None:
    from runtime_manager.cli.screen import Screen

    before, now = None, _look(daemon)
    with Screen(terminal.out) as screen:
        wait_s = _LEAST_S  # the first rates soon
        while True:
            rows = _ordered(figures(now, before), by)
            screen.draw([*_head(daemon, rows, terminal), "", *_table(rows, terminal)])
            if screen.key(within_s=wait_s) in ("q", "Q"):
                return
            before, now, wait_s = now, _look(daemon), interval_s


def _look(daemon: Daemon) -> Look:
    providers = daemon.client.get(PROVIDERS)["providers"]
    return Look(providers, at=time.monotonic())


def _ordered(rows: list[dict[str, Any]], by: str) -> list[dict[str, Any]]:
    """The most first; by code where that is asked for, or the figures are equal."""
    key = _SORTED_BY.get(by)
    return rows if key is None else sorted(rows, key=lambda row: -(row[key] or 0))


def _head(daemon: Daemon, rows: Sequence[Mapping[str, Any]], terminal: Terminal) -> list[str]:
    states = [str(row["state"]) for row in rows]
    counts = ", ".join(
        f"{states.count(name)} {terminal.paint_state(name)}" for name in dict.fromkeys(states)
    )
    cpu = sum(row["cpu_percent"] or 0 for row in rows)
    memory = size(sum(row["rss_bytes"] or 0 for row in rows))
    up = age_of(daemon.facts.get("started_at"), now=datetime.now(UTC))
    return [
        f"{terminal.paint(printable(daemon.facts.get('url')), 'bold')}  up {up}  "
        f"{counts or 'no providers'}  {cpu:.1f} % cpu  {memory}  (q ends)"
    ]


def _table(rows: Sequence[Mapping[str, Any]], terminal: Terminal) -> list[str]:
    now = datetime.now(UTC)
    cells = [list(_HEADING), *(_cells(row, now) for row in rows)]
    for column in _FIGURES:
        width = max(shown_width(line[column]) for line in cells)
        for line in cells:
            line[column] = line[column].rjust(width)
    return table(
        cells,
        width=terminal.width,
        paint=lambda column, cell: terminal.paint_state(cell) if column == _STATE_COLUMN else cell,
    )


def _cells(row: Mapping[str, Any], now: datetime) -> list[str]:
    memory = "-" if row["rss_bytes"] is None else size(row["rss_bytes"])
    return [
        printable(row["code"]),
        printable(row["state"]),
        _number(row["cpu_percent"]),
        memory,
        _number(row["processes"]),
        _number(row["requests_per_s"]),
        _number(row["in_flight"]),
        _number(row["restarts"]),
        age_of(row["since"], now=now) or "-",
    ]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"
