"""`rtm why`: in a few lines what is wrong with a provider and what to do. Needs no daemon."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from runtime_manager.cli.connect import find_daemon
from runtime_manager.cli.diagnosis import advice, is_well, sentence
from runtime_manager.cli.exit_codes import ExitCode
from runtime_manager.cli.human import age_of, printable
from runtime_manager.cli.table import pad
from runtime_manager.client.failures import NoDaemonError, ProblemError, code_of
from runtime_manager.client.targets import PROVIDERS_UNMEASURED, provider_target
from runtime_manager.errors import UnknownCodeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator, Mapping
    from typing import Any

    from runtime_manager.cli.connect import Daemon
    from runtime_manager.cli.terminal import Terminal

_LABEL_WIDTH = 12
_LAST_LINES = 10
_LAST_EXITS = 3


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `why`."""
    parser.add_argument("code", metavar="CODE", help="a provider")


def run(arguments: Namespace, terminal: Terminal) -> ExitCode:
    """Tell it; FAILED where something is wrong, NO_DAEMON where that is that no daemon runs."""
    try:
        daemon = find_daemon(arguments.home)
        provider = _asked(daemon, arguments)
    except NoDaemonError as error:
        return _without_daemon(error, arguments, terminal)
    needs = _needs(provider, daemon)
    document = {
        **provider,
        "is_well": is_well(provider),
        "needs": needs,
        "problems": _problems(provider),
        "port_owner": _port_owner(provider),
        "advice": advice(provider, needs),
    }
    _tell(document, terminal)
    return ExitCode.DONE if document["is_well"] else ExitCode.FAILED


def _asked(daemon: Daemon, arguments: Namespace) -> dict[str, Any]:
    """The provider as the daemon has it; of one it does not know, what is in the folder."""
    try:
        return daemon.client.get(provider_target(arguments.code))
    except ProblemError as error:
        if code_of(error) != "unknown-code":
            raise
        try:
            found = _in_folder(arguments)
        except UnknownCodeError:
            raise error from None
        cause = {"kind": "not-read", "message": "the daemon has not read it yet"}
        return {**found, "cause": {**cause, "hint": "rtm reload takes it on"}}


def _needs(provider: Mapping[str, Any], daemon: Daemon) -> list[dict[str, Any]]:
    """What it depends on, each with its state and the reason for that."""
    codes = provider.get("depends_on") or []
    if not codes:
        return []
    listed = {one["code"]: one for one in daemon.client.get(PROVIDERS_UNMEASURED)["providers"]}
    return [
        {
            "code": code,
            "state": listed[code]["state"] if code in listed else "missing",
            "reason": ((listed.get(code) or {}).get("cause") or {}).get("message") or "",
        }
        for code in codes
    ]


def _port_owner(provider: Mapping[str, Any]) -> str | None:
    """Who listens on its port, where it is not ready; None where nobody does, or it has none."""
    host, _, port = str(provider.get("endpoint") or "").rpartition(":")
    if provider["state"] in ("ready", "invalid") or not host or not port.isdecimal():
        return None
    from runtime_manager.process.ports import owner_text

    text = owner_text(int(port), host=host.strip("[]"))
    return text.removeprefix(" by ") or None


def _problems(provider: Mapping[str, Any]) -> list[str]:
    """All that is wrong with its manifest, of which the daemon tells the first."""
    if not provider.get("manifest_error"):
        return []
    from pathlib import Path

    from runtime_manager.cli.offline import manifest_problems

    return manifest_problems(Path(provider["folder"])) or [provider["manifest_error"]]


# Without a daemon.


def _without_daemon(error: NoDaemonError, arguments: Namespace, terminal: Terminal) -> ExitCode:
    """What the files say: settings that stop the daemon, the manifest, the program."""
    found = _in_folder(arguments)
    is_invalid = found["manifest_error"] is not None
    if found["cause"] is None:
        found["cause"] = {"kind": "no-daemon", "message": error.message, "hint": error.hint}
    document = {
        **found,
        "is_well": False,
        "needs": [],
        "problems": _problems(found),
        "port_owner": None,
        "advice": [*advice(found, []), *([error.hint] if is_invalid else [])],
    }
    _tell(document, terminal)
    return ExitCode.BAD_CONFIGURATION if is_invalid else ExitCode.NO_DAEMON


def _in_folder(arguments: Namespace) -> dict[str, Any]:
    """The provider as its folder has it, in the shape of the API. Raises UnknownCodeError."""
    from runtime_manager.cli.offline import provider_document
    from runtime_manager.model.home import Home

    return provider_document(Home.locate(arguments.home, os.environ), arguments.code, os.environ)


# In words.


def _tell(document: Mapping[str, Any], terminal: Terminal) -> None:
    if terminal.is_json:
        terminal.document(document)
        return
    now = datetime.now(UTC)
    age = age_of(document.get("since"), now=now)
    heading = f"{terminal.paint(printable(document['code']), 'bold')}  "
    heading += terminal.paint_state(printable(document["state"]))
    terminal.lines([heading + (f" for {age}" if age else ""), ""])
    terminal.lines(
        [
            f"  {pad(label, _LABEL_WIDTH)}{text}".rstrip()
            for label, text in _labelled(document, now=now)
        ]
    )


def _labelled(document: Mapping[str, Any], *, now: datetime) -> Iterator[tuple[str, str]]:
    """Label and text of each line; of several lines of one kind only the first has the label."""
    for label, texts in _facts(document, now=now):
        for number, text in enumerate(texts):
            yield ("" if number else label), printable(text)


def _facts(document: Mapping[str, Any], *, now: datetime) -> Iterator[tuple[str, list[str]]]:
    is_ill = not document["is_well"]
    yield "why", [sentence(document)]
    yield "warning", [one["message"] for one in document.get("warnings") or ()]
    yield "manifest", document["problems"]
    if is_ill and document.get("last_probe"):
        yield "last probe", [document["last_probe"]]
    yield "exits", [_exit(one, now) for one in reversed(document.get("exits") or ())][:_LAST_EXITS]
    if document.get("port_owner"):
        yield "port", [f"{document['endpoint']} is held by {document['port_owner']}"]
    yield "needs", [_need(one) for one in document["needs"]]
    if is_ill:
        yield "stderr", list(document.get("stderr_tail") or ())[-_LAST_LINES:]
    if document.get("retry_at"):
        yield "next try", [_until(document["retry_at"], now)]
    yield "folder", [document["folder"]] if document.get("folder") else []
    yield "do", document["advice"]


def _exit(one: Mapping[str, Any], now: datetime) -> str:
    left = f", {one['left']} of its processes had to be killed" if one["left"] else ""
    return (
        f"{one['status']}, {age_of(one['at'], now=now)} ago (generation {one['generation']}){left}"
    )


def _need(one: Mapping[str, Any]) -> str:
    return f"{one['code']} is {one['state']}" + (f": {one['reason']}" if one["reason"] else "")


def _until(at: str, now: datetime) -> str:
    seconds = (datetime.fromisoformat(at) - now).total_seconds()
    return f"in {seconds:.0f} s" if seconds >= 1 else "now"
