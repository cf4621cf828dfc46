"""`rtm config`: the settings in effect, and a check of every file that needs no daemon.

What reads the files imports pydantic and yaml, so it is imported only where files are read.
"""

from __future__ import annotations

import os

from runtime_manager.cli.connect import find_daemon
from runtime_manager.cli.exit_codes import ExitCode
from runtime_manager.client.failures import NoDaemonError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator, Mapping
    from typing import Any

    from runtime_manager.cli.terminal import Terminal
    from runtime_manager.model.home import Home


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `config`."""
    parser.add_argument(
        "--check",
        action="store_true",
        help="read config.yaml, registry.yaml and every manifest, and list all that is wrong",
    )


def run(arguments: Namespace, terminal: Terminal) -> ExitCode:
    """Print the settings: the daemon's, else what a daemon would have now."""
    if arguments.check:
        return _check(_home(arguments), terminal)
    settings = _settings_of_daemon(arguments.home)
    source = "files" if settings is None else "daemon"
    if settings is None:
        from runtime_manager.cli.offline import settings_document

        settings = settings_document(_home(arguments), os.environ)
        terminal.remark("rtm: no daemon runs; this is what one would start with")
    if terminal.is_json:
        terminal.document({"config": settings, "source": source})
    else:
        terminal.lines([f"{key} = {value}" for key, value in flattened(settings)])
    return ExitCode.DONE


def flattened(document: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Each value with its dotted key; lists joined by commas, None as an empty text."""
    for key, value in document.items():
        if isinstance(value, dict):
            yield from flattened(value, f"{prefix}{key}.")
        elif isinstance(value, list):
            yield prefix + key, ", ".join(map(str, value))
        else:
            yield prefix + key, "" if value is None else value


def _home(arguments: Namespace) -> Home:
    from runtime_manager.model.home import Home

    return Home.locate(arguments.home, os.environ)


def _settings_of_daemon(home: str | None) -> dict[str, Any] | None:
    try:
        settings: dict[str, Any] = find_daemon(home).client.get("/api/v1/config")["config"]
    except NoDaemonError:
        return None
    return settings


def _check(home: Home, terminal: Terminal) -> ExitCode:
    from runtime_manager.cli.offline import check

    checked, errors = check(home, os.environ)
    if terminal.is_json:
        from runtime_manager.cli.failures import problem_of

        terminal.document({"providers": checked, "errors": [problem_of(e) for e in errors]})
    else:
        for error in errors:
            terminal.failure(error)
        terminal.lines([] if errors else [f"good: settings, registry and {checked} providers"])
    return ExitCode.BAD_CONFIGURATION if errors else ExitCode.DONE
