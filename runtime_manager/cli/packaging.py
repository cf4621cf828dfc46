"""`rtm pack`: an archive of a package's folder, the same bytes whenever it is made."""

from __future__ import annotations

from runtime_manager.cli.exit_codes import ExitCode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from runtime_manager.cli.terminal import Terminal


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `pack`."""
    parser.add_argument("folder", metavar="DIR", help="the package's folder, with its manifest")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="the archive to write (default: CODE-VERSION.tar.gz in the working folder)",
    )


def run(arguments: Namespace, terminal: Terminal) -> ExitCode:
    """Write the archive; print its SHA-256 and name, as sha256sum does."""
    from pathlib import Path

    from runtime_manager.cli.progress import ProgressLine
    from runtime_manager.packages.pack import pack

    output = Path(arguments.output) if arguments.output else None
    with ProgressLine(terminal, arguments.folder) as progress:
        packed = pack(Path(arguments.folder).expanduser(), output=output, progress=progress)
    if terminal.is_json:
        terminal.document(
            {
                "file": str(packed.path),
                "sha256": packed.sha256,
                "code": packed.code,
                "version": packed.version,
                "entries": packed.entries,
            }
        )
    else:
        terminal.line(f"{packed.sha256}  {packed.path}")
    return ExitCode.DONE
