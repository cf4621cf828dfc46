"""Starts the daemon of a home for clients, in a session of its own, and waits for its line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from runtime_manager.errors import DaemonError
from runtime_manager.model.home import Home

LOG_NAME = "daemon.log"
"""Where a daemon that a client has started writes its log, below the home's `logs`."""


def start_daemon(home: Home, listen: str | None = None) -> dict[str, Any]:
    """The line of the daemon that runs now: ours, at `listen`, or another's. Blocks for it.

    A daemon of ours outlives this process for as long as somebody holds a lease on it, and ends
    half a minute after its start if nobody does. Raises DaemonError with its own words.
    """
    log = home.logs(LOG_NAME)
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as stderr:
            process = _spawn(home, listen, stderr=stderr.fileno())
    except OSError as exc:
        raise DaemonError(f"the daemon cannot be started: {exc}") from exc
    # Reaped whenever it ends; a daemon thread does not hold up the interpreter's end.
    threading.Thread(target=process.wait, name="rtm daemon", daemon=True).start()
    assert process.stdout is not None  # noqa: S101  # a pipe, as asked for
    with process.stdout as stdout:
        return _understood(stdout.readline(), log)


def _spawn(home: Home, listen: str | None, *, stderr: int) -> subprocess.Popen[bytes]:
    verb = ("serve", "--home", str(home.root), "--lease", "--announce", "json")
    where = () if listen is None else ("--listen", listen)
    environ = {name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"}
    return subprocess.Popen(
        [sys.executable, "-m", "runtime_manager", *verb, *where],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=environ,
        start_new_session=True,
    )


def _understood(line: bytes, log: Path) -> dict[str, Any]:
    try:
        said = json.loads(line)
        if said["event"] == "listening":
            return dict(said)
        raise DaemonError(str(said["message"]), hint=str(said.get("hint") or f"see {log}"))
    except (ValueError, KeyError, TypeError) as exc:
        raise DaemonError(
            "the daemon ended before it said where it listens", hint=f"see {log}"
        ) from exc
