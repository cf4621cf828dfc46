"""`rtm logs`: a provider's own words, as they are or as they come."""

from __future__ import annotations

import json

from runtime_manager.cli.arguments import count
from runtime_manager.cli.connect import find_daemon
from runtime_manager.cli.exit_codes import ExitCode
from runtime_manager.client.targets import provider_target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from runtime_manager.cli.terminal import Terminal


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `logs`."""
    parser.add_argument("code", metavar="CODE", help="a provider")
    parser.add_argument(
        "-n", "--tail", metavar="N", type=count, default=100, help="last lines (default: 100)"
    )
    parser.add_argument("-f", "--follow", action="store_true", help="go on as lines come")
    parser.add_argument("--stream", choices=("stdout", "stderr"), help="only this one of the two")
    parser.add_argument("--timestamps", action="store_true", help="put the time before each line")


def run(arguments: Namespace, terminal: Terminal) -> ExitCode:
    """Print the lines; returns when the daemon ends them, or is interrupted."""
    client = find_daemon(arguments.home).client
    query = f"?tail={arguments.tail}"
    query += "&follow=1" if arguments.follow else ""
    query += f"&stream={arguments.stream}" if arguments.stream else ""
    target = provider_target(arguments.code, "logs") + query
    with client.send("GET", target, answer_s=None if arguments.follow else 30.0) as exchange:
        for line in filter(None, exchange.lines()):  # empty ones keep the connection alive
            if terminal.is_json:
                terminal.line(line)
            else:
                terminal.line(_text(line, has_time=arguments.timestamps))
    return ExitCode.DONE


def _text(line: str, *, has_time: bool) -> str:
    """The provider's line as it wrote it: its colours are its own."""
    record = json.loads(line)
    return f"{record['at']} {record['text']}" if has_time else str(record["text"])
