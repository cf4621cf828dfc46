"""`rtm index build`: an index of a folder of archives."""

from __future__ import annotations

from runtime_manager.cli.exit_codes import ExitCode
from runtime_manager.cli.failures import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence
    from pathlib import Path

    from runtime_manager.cli.terminal import Terminal
    from runtime_manager.model.index import Index


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `index`."""
    parser.add_argument("deed", metavar="build", choices=("build",), help="make an index")
    parser.add_argument("folder", metavar="DIR", help="the folder of the archives")
    parser.add_argument(
        "--base-url",
        metavar="URL",
        default="",
        help="where the archives will lie (default: beside the index)",
    )
    parser.add_argument(
        "--signer",
        action="append",
        default=[],
        metavar="[CODE=]KEY",
        help="id of the key that must have signed the packages, or the one package CODE",
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="the file to write (default: DIR/index.json)"
    )


def run(arguments: Namespace, terminal: Terminal) -> ExitCode:
    """Write the index, and tell what is in it. Category and repo of one that is there stay."""
    from pathlib import Path

    from runtime_manager.model.index import format_index
    from runtime_manager.packages.disk import Disk, disk_trouble, replace_file
    from runtime_manager.packages.index_build import build_index

    folder = Path(arguments.folder)
    output = Path(arguments.output) if arguments.output else folder / "index.json"
    signers, signer = _signers(arguments.signer)
    index = build_index(
        folder,
        base_url=arguments.base_url,
        signers=signers,
        signer=signer,
        before=_before(output),
    )
    with disk_trouble(f"{output} cannot be written"):
        replace_file(Disk(), output, format_index(index).encode())
    versions = sum(len(module.versions) for module in index.modules)
    if terminal.is_json:
        counts = {"packages": len(index.modules), "versions": versions}
        terminal.document({"index": str(output), **counts})
    else:
        terminal.line(f"{output}: {len(index.modules)} packages, {versions} versions")
    return ExitCode.DONE


def _signers(given: Sequence[str]) -> tuple[dict[str, str], str | None]:
    """Keys by code, and the one for all others."""
    signers, general = {}, None
    for text in given:
        code, equals, key = text.partition("=")
        if equals and not key:
            raise UsageError(f"--signer {text}: there is no key", hint="expected CODE=KEY, or KEY")
        if equals:
            signers[code] = key
        else:
            general = text
    return signers, general


def _before(output: Path) -> Index | None:
    """The index that is there. Raises PackageError for a bad one, which may be another file."""
    from runtime_manager.model.index import parse_index

    try:
        return parse_index(output.read_bytes(), location=str(output))
    except FileNotFoundError:
        return None
