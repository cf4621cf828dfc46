"""`rtm schema`: the JSON Schema of a file, for editors and checkers."""

from __future__ import annotations

from runtime_manager.cli.exit_codes import ExitCode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from typing import Any

    from runtime_manager.cli.terminal import Terminal

_FILES = ("manifest", "config", "registry", "index")


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `schema`."""
    parser.add_argument("file", metavar="FILE", choices=_FILES, help=", ".join(_FILES))


def run(arguments: Namespace, terminal: Terminal) -> ExitCode:
    """Print the schema: JSON whatever the format."""
    terminal.document(_schema(arguments.file))
    return ExitCode.DONE


def _schema(file: str) -> dict[str, Any]:
    if file == "manifest":
        from runtime_manager.model.manifest import manifest_schema

        return manifest_schema()
    if file == "config":
        from runtime_manager.model.settings import settings_schema

        return settings_schema()
    if file == "index":
        from runtime_manager.model.index import index_schema

        return index_schema()
    from runtime_manager.model.registry_schema import registry_schema

    return registry_schema()
