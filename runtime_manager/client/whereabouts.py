"""What a daemon says of itself in `runtime.json`, and whether it is still that daemon.

A file outlives a daemon that was killed, and its pid, port or socket may be another's by now. So
the process's start time goes with the pid, and /healthz echoes the nonce.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, fields
from pathlib import Path

from runtime_manager.client.process import process_started_at
from runtime_manager.client.socket_client import SocketClient
from runtime_manager.errors import RuntimeManagerError
from runtime_manager.model.home import Home


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a daemon listens, and which process it is.

    `started_at` is POSIX seconds. `process_started_at` is in the machine's own ticks (proc(5)),
    None where they cannot be told. `nonce` is echoed by /healthz. `api` is the API's version.
    """

    url: str
    socket: str
    pid: int
    started_at: float
    token_file: str
    nonce: str
    version: str
    api: int
    process_started_at: float | None = None

    def is_process_alive(self) -> bool:
        """Whether the process that wrote this lives, as far as this process can see it."""
        if self.process_started_at is not None:
            return process_started_at(self.pid) == self.process_started_at
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except OSError:
            return True
        return True

    def answers(self) -> bool:
        """Whether the daemon behind the socket is this one, by its nonce. Blocks for an answer."""
        try:
            return SocketClient(self.socket).get("/healthz").get("nonce") == self.nonce
        except RuntimeManagerError:
            return False

    def is_current(self) -> bool:
        """Whether this daemon is there still. Blocks for an answer where its pid says nothing.

        Its process may be out of sight, in another pid namespace (pid_namespaces(7)).
        """
        return self.is_process_alive() or self.answers()


def read_whereabouts(home: Home) -> Whereabouts | None:
    """What the daemon of `home` wrote last; None where nothing, or nothing sensible, is there.

    A newer version may write more than is known here; a daemon that was killed leaves it behind.
    One that was given other folders has left a link to them in the home.
    """
    return _read(home.runtime_json) or _read(Home(home.root).runtime_json)


def _read(path: Path) -> Whereabouts | None:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        known = {field.name for field in fields(Whereabouts)}
        return Whereabouts(**{name: value for name, value in facts.items() if name in known})
    except (OSError, ValueError, TypeError, AttributeError):
        return None
