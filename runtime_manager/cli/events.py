"""`rtm events`: what happens, a line each, as it happens."""

from __future__ import annotations

from datetime import datetime

from runtime_manager.cli.connect import find_daemon
from runtime_manager.cli.exit_codes import ExitCode
from runtime_manager.cli.human import printable
from runtime_manager.client.sse import messages
from runtime_manager.client.targets import events_target
from runtime_manager.errors import ProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Mapping
    from typing import Any

    from runtime_manager.cli.terminal import Terminal
    from runtime_manager.client.sse import Message

_SNAPSHOT = "snapshot"
_LAST_EVENT = "daemon.stopping"
_ENVELOPE = ("number", "at", "name", "code", "generation", "data")


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `events`."""
    parser.add_argument(
        "--code", metavar="CODE", help="only events of this provider, and of the daemon"
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument(
        "-f", "--follow", action="store_true", help="go on as events come (the default)"
    )
    mode.add_argument("--once", action="store_true", help="print how things stand, and end")


def run(arguments: Namespace, terminal: Terminal) -> ExitCode:
    """Print the events until the daemon stops."""
    client = find_daemon(arguments.home).client
    answer_s = 10.0 if arguments.once else None
    last = ""
    with client.send("GET", events_target(arguments.code), answer_s=answer_s) as exchange:
        for message in messages(exchange.lines()):
            _show(message, terminal)
            last = message.name
            if arguments.once:
                return ExitCode.DONE
    if last == _LAST_EVENT:
        return ExitCode.DONE
    raise ProtocolError(
        "the daemon ended the event stream", hint="call again: the stream begins with a snapshot"
    )


def _show(message: Message, terminal: Terminal) -> None:
    if terminal.is_json:
        terminal.document({"name": message.name, **message.data}, is_compact=True)
    elif message.name == _SNAPSHOT:
        for provider in message.data.get("providers") or ():
            state = terminal.paint_state(printable(provider.get("state")))
            terminal.line(f"{_SNAPSHOT}  {printable(provider.get('code'))}  {state}")
    else:
        terminal.line(event_line(message))


def event_line(message: Message) -> str:
    """One line of text: local time, name, code, and what is particular to it."""
    parts = [
        _local_time(message.data.get("at")),
        message.name,
        printable(message.data.get("code") or ""),
        _particulars(message.data),
    ]
    return "  ".join(filter(None, parts))


def _particulars(data: Mapping[str, Any]) -> str:
    nested = data.get("data")
    facts = dict(nested) if isinstance(nested, dict) else {}
    facts |= {key: value for key, value in data.items() if key not in _ENVELOPE}
    change = f"{facts.pop('from')} → {facts.pop('to')}" if {"from", "to"} <= facts.keys() else ""
    rest = [f"{key}={_fact(value)}" for key, value in facts.items() if value not in (None, "")]
    return "  ".join(filter(None, [change, *rest]))


def _fact(value: object) -> str:
    if isinstance(value, dict):
        return printable(value.get("message") or value.get("kind") or value)
    return printable(value)


def _local_time(at: object) -> str:
    try:
        return datetime.fromisoformat(str(at)).astimezone().strftime("%H:%M:%S.%f")[:-3]
    except ValueError:
        return ""
