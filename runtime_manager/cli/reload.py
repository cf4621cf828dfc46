"""`rtm reload`: let the daemon read its files anew, and tell what that changes."""

from __future__ import annotations

from runtime_manager.cli.arguments import add_timeout
from runtime_manager.cli.connect import find_daemon
from runtime_manager.cli.exit_codes import ExitCode
from runtime_manager.cli.human import printable
from runtime_manager.cli.table import table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator, Mapping
    from typing import Any

    from runtime_manager.cli.terminal import Terminal

_MARGIN_S = 5.0
_COLOURS = {"added": "green", "removed": "yellow", "restarted": "yellow"}
_BAD = ("kept", "invalid")


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `reload`."""
    parser.add_argument(
        "--dry-run", action="store_true", help="tell what would change, and change nothing"
    )
    parser.add_argument(
        "--wait",
        action="store_true",
        help="until all that is started is ready, and what is removed has ended",
    )
    add_timeout(parser)


def run(arguments: Namespace, terminal: Terminal) -> ExitCode:
    """Ask the daemon; exit code 1 where an edit is of no use, or what was started failed."""
    query = "?dry_run=1" if arguments.dry_run else ""
    if arguments.wait and not arguments.dry_run:
        query = f"?wait={arguments.timeout_s:g}s"
    client = find_daemon(arguments.home).client
    answer_s = arguments.timeout_s + _MARGIN_S
    with client.send("POST", f"/api/v1/reload{query}", answer_s=answer_s) as exchange:
        document = exchange.document()
    if terminal.is_json:
        terminal.document(document)
    else:
        _print(document, terminal)
    has_bad = any(one["change"] in _BAD for one in document["providers"])
    return ExitCode.FAILED if has_bad or document["failed"] else ExitCode.DONE


def _print(document: Mapping[str, Any], terminal: Terminal) -> None:
    rows = [*_provider_rows(document), *_setting_rows(document)]
    if not rows:
        terminal.lines(["nothing has changed"])
        return
    terminal.lines(
        table(
            [["CODE", "CHANGE", "WHY"], *rows],
            width=terminal.width,
            paint=lambda column, cell: (
                terminal.paint(cell, _COLOURS.get(cell.strip())) if column == 1 else cell
            ),
        )
    )


def _provider_rows(document: Mapping[str, Any]) -> Iterator[list[str]]:
    for one in document["providers"]:
        change = one["change"] + (", failed" if one["code"] in document["failed"] else "")
        yield [printable(one["code"]), change, printable(_why(one))]


def _why(one: Mapping[str, Any]) -> str:
    if one["error"]:
        return str(one["error"])
    keys = [key for key in one["keys"] if key not in one["deferred"]]
    later = f"{', '.join(one['deferred'])} (from its next start on)" if one["deferred"] else ""
    return ", ".join(filter(None, [*keys, later]))


def _setting_rows(document: Mapping[str, Any]) -> Iterator[list[str]]:
    for one in document["settings"]:
        fate = "in force" if one["in_force"] else "needs a restart of the daemon"
        if document["dry_run"] and one["in_force"]:
            fate = "would be in force"
        yield ["config.yaml", fate, printable(one["key"])]
