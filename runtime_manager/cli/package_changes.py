"""`rtm uninstall`, `rollback`, `hold`, `unhold`, `enable`, `disable`: changes to what is there."""

from __future__ import annotations

from runtime_manager.cli.exit_codes import ExitCode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from runtime_manager.cli.package_work import Installation
    from runtime_manager.cli.terminal import Terminal

_FLAGS = {
    "hold": ("held", True),
    "unhold": ("held", False),
    "enable": ("auto_start", True),
    "disable": ("auto_start", False),
}


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of the verb whose parser this is."""
    verb = parser.prog.split()[-1]
    if verb == "rollback":
        parser.add_argument("code", metavar="CODE", help="an installed package")
        parser.add_argument(
            "--to", metavar="VERSION", help="the version to go back to (default: the one before)"
        )
        return
    parser.add_argument("codes", metavar="CODE", nargs="+", help="installed packages")
    if verb == "uninstall":
        parser.add_argument(
            "--purge", action="store_true", help="remove its data, logs and settings too"
        )
        parser.add_argument(
            "--cascade", action="store_true", help="uninstall what depends on it too"
        )
        parser.add_argument("--yes", action="store_true", help="do not ask before data is removed")


def run(arguments: Namespace, terminal: Terminal) -> ExitCode:
    """Make the change, and tell it."""
    from runtime_manager.cli.live_installation import installation_of
    from runtime_manager.cli.package_work import home_of

    installation = installation_of(home_of(arguments.home), arguments.home)
    if arguments.verb == "rollback":
        return _roll_back(arguments, installation, terminal)
    if arguments.verb == "uninstall":
        return _uninstall(arguments, installation, terminal)
    return _set(arguments, installation, terminal)


def _roll_back(arguments: Namespace, installation: Installation, terminal: Terminal) -> ExitCode:
    from runtime_manager.cli.package_work import document

    installed = installation.switch(arguments.code, arguments.to)
    if terminal.is_json:
        terminal.document(document(installed))
    else:
        terminal.line(f"{installed.code} is back at {installed.version}, from {installed.before}")
    return ExitCode.DONE


def _uninstall(arguments: Namespace, installation: Installation, terminal: Terminal) -> ExitCode:
    from runtime_manager.cli.asking import agreed
    from runtime_manager.cli.package_work import home_of, to_remove

    codes = to_remove(home_of(arguments.home), arguments.codes, cascade=arguments.cascade)
    question = f"remove all that {', '.join(codes)} wrote, for ever?"
    if arguments.purge and not agreed(question, terminal, is_agreed=arguments.yes):
        return ExitCode.FAILED
    for code in codes:
        installation.uninstall(code, purge=arguments.purge)
        if not terminal.is_json:
            terminal.line(f"uninstalled {code}")
    if terminal.is_json:
        terminal.document({"uninstalled": codes, "purged": arguments.purge})
    return ExitCode.DONE


def _set(arguments: Namespace, installation: Installation, terminal: Terminal) -> ExitCode:
    """Quiet on success."""
    flag, value = _FLAGS[arguments.verb]
    for code in arguments.codes:
        if flag == "held":
            installation.set_held(code, value)
        else:
            installation.set_auto_start(code, value)
    if terminal.is_json:
        terminal.document({code: {flag: value} for code in arguments.codes})
    return ExitCode.DONE
