"""`rtm outdated`: installed packages of which an index has a newer version."""

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
    from runtime_manager.model.registry import RegistryEntry
    from runtime_manager.packages.supply import Supply


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `outdated`."""
    add_index(parser)


def run(arguments: Namespace, terminal: Terminal) -> ExitCode:
    """Print those that were installed from an index; the rest has no newer version to know of."""
    from runtime_manager.cli.offline import read_registry
    from runtime_manager.cli.supplying import open_supply

    supply = open_supply(arguments, terminal)
    found = []
    for code, entry in sorted(read_registry(supply.home).providers.items()):
        if (row := _newer(supply, code, entry)) is not None:
            found.append(row)
    if terminal.is_json:
        terminal.document({"packages": found})
    elif found:
        heading = ["CODE", "INSTALLED", "WANTED", "NEWEST", "SOURCE"]
        terminal.lines(table([heading, *map(_cells, found)], width=terminal.width))
    return ExitCode.DONE


def _newer(supply: Supply, code: str, entry: RegistryEntry) -> dict[str, Any] | None:
    """What there is for `code`; None where it is not of an index, or the newest already.

    `wanted` is the newest in the range it was installed with: what `upgrade` takes.
    """
    from runtime_manager.errors import PackageError, SourceError
    from runtime_manager.model.source import IndexSource, parse_source
    from runtime_manager.model.version import parse_version
    from runtime_manager.packages.program import platform_name

    try:
        source = parse_source(entry.source)
        installed = parse_version(entry.version)
    except (SourceError, ValueError):
        return None
    if not isinstance(source, IndexSource):
        return None
    try:
        module = supply.indexes.find(source.code).module
    except PackageError as error:
        if error.facts.get("kind") not in ("no-index", "not-in-index"):
            raise
        return None
    newest = module.newest(platform=platform_name())
    wanted = module.newest(source.wanted, platform=platform_name())
    if newest is None or newest.parsed <= installed:
        return None
    is_better = wanted is not None and wanted.parsed > installed
    return {
        "code": code,
        "installed": entry.version,
        "wanted": wanted.version if wanted and is_better else entry.version,
        "newest": newest.version,
        "held": entry.held,
        "source": entry.source,
    }


def _cells(row: dict[str, Any]) -> list[str]:
    held = " (held)" if row["held"] else ""
    keys = ("code", "installed", "wanted", "newest")
    return [*(printable(row[key]) for key in keys), printable(row["source"]) + held]
