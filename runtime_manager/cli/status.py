"""`rtm status`: all about one provider and why it is down, or a summary of the daemon."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from runtime_manager.cli.connect import find_daemon, home_root
from runtime_manager.cli.exit_codes import ExitCode
from runtime_manager.cli.human import age_of, printable, size
from runtime_manager.cli.table import pad
from runtime_manager.client.targets import PROVIDERS_UNMEASURED, provider_target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Mapping
    from typing import Any

    from runtime_manager.cli.connect import Daemon
    from runtime_manager.cli.terminal import Terminal

_LABEL_WIDTH = 13
_HEALTHY = ("ready",)
_IN_TROUBLE = ("failed", "invalid", "unhealthy", "backoff")


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `status`."""
    parser.add_argument("code", metavar="CODE", nargs="?", help="a provider; absent: the daemon")


def run(arguments: Namespace, terminal: Terminal) -> ExitCode:
    """Print the status; FAILED when the provider asked about is not ready."""
    daemon = find_daemon(arguments.home)
    if arguments.code is None:
        return _daemon_status(daemon, terminal, home_flag=arguments.home)
    provider = daemon.client.get(provider_target(arguments.code))
    if terminal.is_json:
        terminal.document(provider)
    else:
        terminal.lines(provider_lines(provider, terminal, now=datetime.now(UTC)))
    return ExitCode.DONE if provider["state"] in _HEALTHY else ExitCode.FAILED


def provider_lines(provider: Mapping[str, Any], terminal: Terminal, *, now: datetime) -> list[str]:
    """What a person wants to know of a provider, the reason for trouble included."""
    state = terminal.paint_state(printable(provider["state"]))
    age = age_of(provider.get("since"), now=now)
    heading = f"{terminal.paint(printable(provider['code']), 'bold')}  {state}"
    lines = [heading + (f" for {age}" if age else "")]
    lines += _labelled(_facts(provider))
    return lines + _last_words(provider)


def _facts(provider: Mapping[str, Any]) -> Iterable[tuple[str, object]]:
    cause = provider.get("cause") or {}
    yield "cause", " ".join(filter(None, [_bracketed(cause.get("kind")), cause.get("message")]))
    yield "hint", cause.get("hint")
    for warning in provider.get("warnings") or ():
        yield "warning", f"{_bracketed(warning['kind'])} {warning['message']}"
        yield "hint", warning["hint"]
    yield "manifest", provider.get("manifest_error") if provider["state"] != "invalid" else None
    yield "last exit", provider.get("last_exit")
    yield "last probe", provider.get("last_probe")
    yield "name", provider.get("name")
    yield "version", provider.get("version")
    yield "about", provider.get("description")
    yield "url", provider.get("url") or provider.get("namespace")
    yield "endpoint", provider.get("endpoint")
    yield "pid", provider.get("pid")
    yield "started in", _seconds(provider.get("started_in_s"))
    yield "usage", _usage(provider.get("usage") or {})
    yield "generation", provider.get("generation")
    yield "restarts", provider.get("restarts")
    yield "start", _start(provider)
    yield "depends on", ", ".join(map(str, provider.get("depends_on") or ()))
    yield "folder", provider.get("folder")


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f} s"


def _bracketed(text: str | None) -> str:
    return f"[{text}]" if text else ""


def _start(provider: Mapping[str, Any]) -> str:
    wanted = provider.get("wanted")
    return f"{provider.get('start') or '-'}" + (f" (wanted {wanted})" if wanted else "")


def _usage(usage: Mapping[str, Any]) -> str:
    parts = []
    if usage.get("rss_bytes") is not None:
        parts.append(f"{size(usage['rss_bytes'])} memory")
    if usage.get("cpu_seconds") is not None:
        parts.append(f"{usage['cpu_seconds']:.1f} s of processor time")
    if usage.get("processes") is not None:
        count = usage["processes"]
        parts.append(f"{count} process" + ("es" if count != 1 else ""))
    shares = {what: usage.get(f"{what}_pressure") for what in ("memory", "cpu", "io")}
    parts += [
        f"{share:g} % of the time waiting for {what}" for what, share in shares.items() if share
    ]
    return ", ".join(parts)


def _labelled(facts: Iterable[tuple[str, object]]) -> list[str]:
    return [
        f"  {pad(label, _LABEL_WIDTH)}{printable(value)}"
        for label, value in facts
        if value is not None and value != ""
    ]


def _last_words(provider: Mapping[str, Any]) -> list[str]:
    """What it wrote to stderr, of one that is not well."""
    words = provider.get("stderr_tail") or ()
    if provider["state"] in _HEALTHY or not words:
        return []
    return ["  last lines of stderr:", *(f"    {printable(line)}" for line in words)]


def _daemon_status(daemon: Daemon, terminal: Terminal, *, home_flag: str | None) -> ExitCode:
    providers = daemon.client.get(PROVIDERS_UNMEASURED)["providers"]
    health = daemon.client.get("/healthz")
    counts: dict[str, int] = {}
    for provider in providers:
        counts[provider["state"]] = counts.get(provider["state"], 0) + 1
    facts = {"home": home_root(home_flag, os.environ), **daemon.facts, **health}
    if terminal.is_json:
        terminal.document({"daemon": facts, "counts": counts})
        return ExitCode.DONE
    terminal.lines(_daemon_lines(facts, counts, terminal))
    terminal.lines([line for provider in providers for line in _trouble(provider, terminal)])
    return ExitCode.DONE


def _daemon_lines(
    facts: Mapping[str, Any], counts: Mapping[str, int], terminal: Terminal
) -> list[str]:
    uptime = age_of(facts.get("started_at"), now=datetime.now(UTC))
    parts = ", ".join(f"{count} {terminal.paint_state(name)}" for name, count in counts.items())
    rows = (
        ("home", facts.get("home")),
        ("url", facts.get("url")),
        ("pid", facts.get("pid")),
        ("token", facts.get("token_file")),
        ("up for", uptime),
        ("version", facts.get("version")),
    )
    heading = f"daemon  {terminal.paint('running', 'green')}"
    providers = f"  {pad('providers', _LABEL_WIDTH)}{parts or 'none'}"
    return [heading, *_labelled(rows), providers]


def _trouble(provider: Mapping[str, Any], terminal: Terminal) -> list[str]:
    if provider["state"] not in _IN_TROUBLE:
        return []
    cause = provider.get("cause") or {}
    reason = printable(cause.get("message") or provider.get("manifest_error") or "")
    code = printable(provider["code"])
    return [f"    {code}  {terminal.paint_state(provider['state'])}  {reason}".rstrip()]
