"""Whether a provider answers its health path at its own endpoint, as the daemon asks."""

from __future__ import annotations

import http.client
import socket
import time
from pathlib import Path

from runtime_manager.conformance.answers import NoAnswerError, UnixConnection, ask
from runtime_manager.conformance.promises import (
    Finding,
    Promise,
    broken,
    kept,
    not_applicable,
)
from runtime_manager.model.manifest import Health, ProbeKind

_UNIX = "unix:"


def answers(endpoint: str, health: Health) -> Finding:
    """Ask once at `endpoint`, as the API writes it: `127.0.0.1:4001`, `unix:/path`."""
    begun = time.monotonic()
    match health.kind:
        case ProbeKind.NONE:
            return not_applicable(Promise.HEALTH, "health.kind: none")
        case ProbeKind.TCP:
            return _connects(endpoint, health)
        case ProbeKind.HTTP:
            pass
    try:
        answer = ask(_connection(endpoint, health), health.path, headers=health.headers)
    except NoAnswerError as error:
        return broken(Promise.HEALTH, f"{health.path}: {error}", hint="answer it at once")
    told = f"{health.path}: {answer.status}"
    if not health.expect.accepts(answer.status):
        hint = f"answer with a status of {health.expect}, or set health.path or health.expect"
        return broken(Promise.HEALTH, told, hint=hint)
    return kept(Promise.HEALTH, f"{told} in {(time.monotonic() - begun) * 1000:.0f} ms")


def _connection(endpoint: str, health: Health) -> http.client.HTTPConnection:
    if endpoint.startswith(_UNIX):
        return UnixConnection(endpoint.removeprefix(_UNIX), timeout=health.timeout_s)
    return http.client.HTTPConnection(endpoint, timeout=health.timeout_s)


def _connects(endpoint: str, health: Health) -> Finding:
    try:
        if endpoint.startswith(_UNIX):
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
                sock.settimeout(health.timeout_s)
                sock.connect(str(Path(endpoint.removeprefix(_UNIX))))
        else:
            host, _, port = endpoint.rpartition(":")
            socket.create_connection((host.strip("[]"), int(port)), health.timeout_s).close()
    except OSError as exc:
        return broken(Promise.HEALTH, f"no connection: {exc.strerror or exc}")
    return kept(Promise.HEALTH, "a connection is accepted")
