"""`rtm info`: one package, as an index offers it and as it is installed."""

from __future__ import annotations

from runtime_manager.cli.arguments import add_index
from runtime_manager.cli.exit_codes import ExitCode
from runtime_manager.cli.human import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from typing import Any

    from runtime_manager.cli.terminal import Terminal
    from runtime_manager.model.registry import Registry
    from runtime_manager.packages.index import Offer
    from runtime_manager.packages.supply import Supply

_KEY_WIDTH = 12


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `info`."""
    parser.add_argument("code", metavar="CODE", help="the package's code")
    add_index(parser)


def run(arguments: Namespace, terminal: Terminal) -> ExitCode:
    """Print what is known of it; one that is installed and in no index is known too."""
    from runtime_manager.cli.offline import read_registry
    from runtime_manager.cli.supplying import open_supply

    supply = open_supply(arguments, terminal)
    registry = read_registry(supply.home)
    document = {
        "code": arguments.code,
        **_offered(_offer(supply, arguments.code, registry)),
        "installed": _installed(registry, arguments.code),
    }
    if terminal.is_json:
        terminal.document(document)
    else:
        terminal.lines(_lines(document))
    return ExitCode.DONE


def _offer(supply: Supply, code: str, registry: Registry) -> Offer | None:
    """None where it is installed, but nobody offers it. Raises PackageError where it is neither."""
    from runtime_manager.errors import PackageError

    try:
        return supply.indexes.find(code)
    except PackageError as error:
        if registry.get(code) is None or error.facts.get("kind") not in (
            "no-index",
            "not-in-index",
        ):
            raise
        return None


def _offered(offer: Offer | None) -> dict[str, Any]:
    if offer is None:
        return {"index": None, "versions": []}
    from runtime_manager.packages.program import platform_name

    module = offer.module
    newest = module.newest(platform=platform_name())
    return {
        "name": module.name,
        "description": module.description,
        "category": module.category,
        "licence": module.licence,
        "repo": module.repo,
        "version": newest.version if newest else None,
        "signer": module.signer_of(newest) if newest else module.signer,
        "depends_on": list(newest.depends_on) if newest else [],
        "index": offer.loaded.location,
        "versions": [
            {"version": one.version, "platforms": list(one.platforms)} for one in module.versions
        ],
    }


def _installed(registry: Registry, code: str) -> dict[str, Any] | None:
    entry = registry.get(code)
    if entry is None:
        return None
    return {
        "version": entry.version,
        "source": entry.source,
        "signer": entry.signer or None,
        "installed": entry.installed,
        "held": entry.held,
        "previous": [one.version for one in entry.previous],
    }


def _lines(document: dict[str, Any]) -> list[str]:
    title = " ".join(filter(None, (document["code"], document.get("version"))))
    texts = [printable(title), printable(document.get("description") or "")]
    texts += [
        f"{key + ':':<{_KEY_WIDTH}}{printable(value)}"
        for key, value in (
            ("name", document.get("name")),
            ("category", document.get("category")),
            ("licence", document.get("licence")),
            ("repo", document.get("repo")),
            ("needs", ", ".join(document.get("depends_on") or ())),
            ("signed by", document.get("signer")),
            ("versions", _versions(document["versions"])),
            ("index", document["index"]),
            ("installed", _installed_words(document["installed"])),
        )
        if value
    ]
    return [text for text in texts if text]


def _versions(versions: list[dict[str, Any]]) -> str:
    """Each with its platforms where it is not for all."""
    return ", ".join(
        one["version"]
        if "any" in one["platforms"]
        else f"{one['version']} ({', '.join(one['platforms'])})"
        for one in versions
    )


def _installed_words(installed: dict[str, Any] | None) -> str:
    if installed is None:
        return "no"
    held = ", held" if installed["held"] else ""
    source = f", from {installed['source']}" if installed["source"] else ""
    kept = f"; kept: {', '.join(installed['previous'])}" if installed["previous"] else ""
    return f"{installed['version']}{source}{held}{kept}"
