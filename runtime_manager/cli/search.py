"""`rtm search`: what the indexes offer."""

from __future__ import annotations

from runtime_manager.cli.arguments import add_index
from runtime_manager.cli.exit_codes import ExitCode
from runtime_manager.cli.human import printable
from runtime_manager.cli.table import table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from typing import Any

    from runtime_manager.cli.terminal import Terminal


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `search`."""
    parser.add_argument(
        "words",
        metavar="WORD",
        nargs="*",
        help="words that must all be in code, name, description or category",
    )
    add_index(parser)


def run(arguments: Namespace, terminal: Terminal) -> ExitCode:
    """Print a line per package, by code. Nothing found is no failure, but is said."""
    found = _found(arguments, terminal)
    if terminal.is_json:
        terminal.document({"packages": found})
    elif found:
        heading = ["CODE", "VERSION", "INSTALLED", "DESCRIPTION"]
        keys = ("code", "version", "installed", "description")
        rows = [[printable(one[key] or "-") for key in keys] for one in found]
        terminal.lines(table([heading, *rows], width=terminal.width))
    else:
        terminal.remark("rtm: no package has these words" if arguments.words else "rtm: nothing")
    return ExitCode.DONE


def _found(arguments: Namespace, terminal: Terminal) -> list[dict[str, Any]]:
    from runtime_manager.cli.offline import read_registry
    from runtime_manager.cli.supplying import open_supply
    from runtime_manager.packages.program import platform_name

    supply = open_supply(arguments, terminal)
    registry, platform = read_registry(supply.home), platform_name()
    found = []
    for offer in supply.indexes.offers():
        module = offer.module
        if module.is_about(arguments.words):
            newest, entry = module.newest(platform=platform), registry.get(module.code)
            found.append(
                {
                    "code": module.code,
                    "name": module.name,
                    "description": module.description or module.name,
                    "category": module.category,
                    "version": newest.version if newest else None,
                    "installed": entry.version if entry else None,
                    "index": offer.loaded.location,
                }
            )
    return sorted(found, key=lambda one: str(one["code"]))
