"""`rtm list`: a line per provider. The verb people and scripts call most: imports little."""

from __future__ import annotations

from datetime import UTC, datetime

from runtime_manager.cli.arguments import STATES
from runtime_manager.cli.connect import find_daemon
from runtime_manager.cli.exit_codes import ExitCode
from runtime_manager.cli.human import age_of, printable
from runtime_manager.cli.table import table, table_width
from runtime_manager.client.targets import PROVIDERS, PROVIDERS_UNMEASURED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Mapping, Sequence
    from typing import Any

    from runtime_manager.cli.terminal import Terminal

_STATE_COLUMN = 1
_LEAST_CAUSE = 24


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `list`."""
    parser.add_argument(
        "--state",
        action="append",
        choices=STATES,
        metavar="STATE",
        help=f"only those in this state, may be repeated: {', '.join(STATES)}",
    )


def run(arguments: Namespace, terminal: Terminal) -> ExitCode:
    """Print the providers, sorted by code."""
    target = PROVIDERS if terminal.is_json else PROVIDERS_UNMEASURED
    document = find_daemon(arguments.home).client.get(target)
    providers = sorted(document["providers"], key=lambda provider: str(provider["code"]))
    if arguments.state:
        providers = [provider for provider in providers if provider["state"] in arguments.state]
    if terminal.is_json:
        terminal.document({**document, "providers": providers})
    elif providers:
        terminal.lines(_table(providers, terminal))
    return ExitCode.DONE


def _table(providers: Sequence[Mapping[str, Any]], terminal: Terminal) -> list[str]:
    """With whole addresses where that leaves room for the causes, else with paths alone."""
    now = datetime.now(UTC)
    rows: list[list[str]] = []
    for key in ("url", "namespace"):
        heading = ["CODE", "STATE", "VERSION", key.upper(), "PID", "RESTARTS", "SINCE", "CAUSE"]
        rows = [heading, *(_row(provider, key, now) for provider in providers)]
        if terminal.width is None or terminal.width - table_width(rows) >= _LEAST_CAUSE:
            break
    return table(
        rows,
        width=terminal.width,
        paint=lambda column, cell: terminal.paint_state(cell) if column == _STATE_COLUMN else cell,
    )


def _row(provider: Mapping[str, Any], address: str, now: datetime) -> list[str]:
    cause = provider.get("cause") or {}
    return [
        printable(provider["code"]),
        printable(provider["state"]),
        _cell(provider.get("version")),
        _cell(provider.get(address)),
        _cell(provider.get("pid")),
        _cell(provider.get("restarts")),
        age_of(provider.get("since"), now=now) or "-",
        printable(cause.get("message") or provider.get("manifest_error") or _warnings(provider)),
    ]


def _warnings(provider: Mapping[str, Any]) -> str:
    return "; ".join(warning["message"] for warning in provider.get("warnings") or ())


def _cell(value: object) -> str:
    return "-" if value is None or value == "" else printable(value)
