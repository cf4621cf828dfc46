"""`rtm version`: of this program, and of the daemon where one runs."""

from __future__ import annotations

import sys

from runtime_manager import __version__
from runtime_manager.cli.connect import find_daemon
from runtime_manager.cli.exit_codes import ExitCode
from runtime_manager.client.failures import NoDaemonError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from typing import Any

    from runtime_manager.cli.terminal import Terminal


def add_arguments(parser: ArgumentParser) -> None:
    """`version` has no arguments of its own."""


def run(arguments: Namespace, terminal: Terminal) -> ExitCode:
    """Print both; that no daemon runs is no failure here."""
    daemon = _daemon(arguments.home)
    python = sys.version.partition(" ")[0]
    if terminal.is_json:
        terminal.document({"version": __version__, "python": python, "daemon": daemon})
        return ExitCode.DONE
    terminal.line(f"runtime-manager {__version__} (Python {python})")
    if daemon is not None:
        terminal.line(f"daemon {daemon.get('version')} (pid {daemon.get('pid')})")
    return ExitCode.DONE


def _daemon(home: str | None) -> dict[str, Any] | None:
    try:
        return find_daemon(home).client.get("/healthz")
    except NoDaemonError:
        return None
