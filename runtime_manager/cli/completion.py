"""`rtm completion`: a shell's script, made from the parser by shtab."""

from __future__ import annotations

from runtime_manager.cli.exit_codes import ExitCode
from runtime_manager.errors import RuntimeManagerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from runtime_manager.cli.terminal import Terminal

_SHELLS = ("bash", "zsh", "fish")


class NotInstalledError(RuntimeManagerError):
    """An optional part of the installation is needed."""

    code = "not-installed"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `completion`."""
    parser.add_argument("shell", metavar="SHELL", choices=_SHELLS, help=", ".join(_SHELLS))


def run(arguments: Namespace, terminal: Terminal) -> ExitCode:
    """Print the script."""
    try:
        import shtab
    except ImportError:
        raise NotInstalledError(
            "completion scripts are made by shtab, which is not installed",
            hint="pip install 'runtime-manager[completion]'",
        ) from None
    from runtime_manager.cli.parser import build_parser

    if arguments.shell not in shtab.SUPPORTED_SHELLS:
        raise NotInstalledError(
            f"the shtab that is installed knows no {arguments.shell}",
            hint="pip install --upgrade shtab",
        )
    terminal.line(shtab.complete(build_parser(), shell=arguments.shell))
    return ExitCode.DONE
