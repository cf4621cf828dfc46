"""`rtm verify`: whether what is installed is still what was installed, file by file."""

from __future__ import annotations

from runtime_manager.cli.exit_codes import ExitCode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from runtime_manager.cli.terminal import Terminal
    from runtime_manager.packages.verification import Verification


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `verify`."""
    parser.add_argument(
        "codes", metavar="CODE", nargs="*", help="installed packages (default: all of them)"
    )


def run(arguments: Namespace, terminal: Terminal) -> ExitCode:
    """Tell each file that was changed, added or is missing; failed where there is one."""
    import os

    from runtime_manager.model.home import Home
    from runtime_manager.packages.verification import verify_installed

    found = verify_installed(Home.locate(arguments.home, os.environ), arguments.codes)
    if terminal.is_json:
        terminal.document({"packages": [_document(one) for one in found]})
    else:
        terminal.lines([line for one in found for line in _lines(one, terminal)])
    return ExitCode.DONE if all(one.is_good for one in found) else ExitCode.FAILED


def _lines(one: Verification, terminal: Terminal) -> Iterator[str]:
    name = f"{one.code} {one.version}"
    if not one.is_checkable:
        yield f"{name}: not checked, it is a folder in use where its author works on it"
    elif one.is_good:
        yield f"{name}: " + terminal.paint("good", "green")
    elif one.problem:
        yield f"{name}: " + terminal.paint(one.problem, "red")
    else:
        yield f"{name}: " + terminal.paint("not as it was installed", "red")
        yield from (f"  {deviation:<8} {path}" for path, deviation in one.differences)


def _document(one: Verification) -> dict[str, object]:
    return {
        "code": one.code,
        "version": one.version,
        "is_good": one.is_good,
        "is_checkable": one.is_checkable,
        "problem": one.problem or None,
        "differences": [{"path": path, "what": str(what)} for path, what in one.differences],
    }
