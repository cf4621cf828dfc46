"""Finding the daemon of a home."""

from __future__ import annotations

import json
import os

from runtime_manager.client.failures import NoDaemonError
from runtime_manager.client.process import process_started_at
from runtime_manager.client.socket_client import SocketClient
from runtime_manager.errors import ProtocolError, WaitTimeoutError

SYSTEM_HOME = "/var/lib/runtime-manager"
"""Where the service that `rtm service install` makes has its providers and data."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class Daemon:
    """The daemon a home's runtime.json speaks of; it may be gone, which the first call tells."""

    __slots__ = ("client", "facts")

    def __init__(self, facts: Mapping[str, Any], *, client: SocketClient) -> None:
        self.facts = facts
        self.client = client


def find_daemon(home_flag: str | None, *, environ: Mapping[str, str] = os.environ) -> Daemon:
    """The daemon of the home; raises NoDaemonError when there is no trace of one."""
    path = runtime_json_path(home_flag, environ)
    hint = "start it: rtm serve" + (f" --home {home_flag}" if home_flag else "")
    if not home_flag and os.path.lexists(SYSTEM_HOME):  # as in runtime_json_path
        hint += f"; the system service is asked by --home {SYSTEM_HOME}, as root"
    daemon = _published(path, hint)
    if _is_alive(daemon.facts) or _answers(daemon):
        return daemon
    daemon = _published(path, hint)  # another may have taken its place meanwhile
    if _answers(daemon):
        return daemon
    raise NoDaemonError(
        f"{path} was left by a daemon that is gone (pid {daemon.facts.get('pid')})", hint=hint
    )


def _published(path: str, hint: str) -> Daemon:
    try:
        with open(path, "rb") as file:  # noqa: PTH123  # as in runtime_json_path
            facts = json.load(file)
        client = SocketClient(facts["socket"] + "", hint=hint)  # a text, or TypeError
    except FileNotFoundError:
        raise NoDaemonError(
            f"no daemon runs for this home: there is no {path}", hint=hint
        ) from None
    except OSError as exc:
        raise NoDaemonError(f"cannot read {path}: {exc.strerror}", hint=hint) from exc
    except (ValueError, KeyError, TypeError) as exc:
        raise NoDaemonError(f"{path} is damaged, or of another version", hint=hint) from exc
    return Daemon(facts, client=client)


def _is_alive(facts: Mapping[str, Any]) -> bool:
    """Whether the process that wrote this lives; assumed where it does not say when it started."""
    started_at = facts.get("process_started_at")
    return started_at is None or process_started_at(facts.get("pid") or 0) == started_at


def _answers(daemon: Daemon) -> bool:
    """Whether the daemon behind the socket is this one, by its nonce.

    Its process may be out of our sight, in another pid namespace. Raises NoDaemonError where nobody
    listens.
    """
    try:
        return bool(daemon.client.get("/healthz").get("nonce") == daemon.facts.get("nonce"))
    except (ProtocolError, WaitTimeoutError):
        return False


def runtime_json_path(home_flag: str | None, environ: Mapping[str, str]) -> str:
    """The path that `Home.locate(…).runtime_json` has; a test holds the two together.

    Said again here because what Home imports (pathlib, dataclasses, hashlib) takes longer than
    the whole of `rtm list`.
    """
    is_named = home_flag or environ.get("CORE_HOME")
    if not is_named and (run := _first(environ.get("RUNTIME_DIRECTORY"))):
        return f"{run}/runtime.json"
    return os.path.join(home_root(home_flag, environ), "run", "runtime.json")  # noqa: PTH118


def home_root(home_flag: str | None, environ: Mapping[str, str]) -> str:
    """The path that `Home.locate(…).root` has; see `runtime_json_path`."""
    named = home_flag or environ.get("CORE_HOME")
    root = named or _first(environ.get("STATE_DIRECTORY")) or "~/.core"
    if root == "~" or root.startswith("~/"):
        root = (environ.get("HOME") or os.path.expanduser("~")) + root[1:]  # noqa: PTH111
    return os.path.abspath(root)  # noqa: PTH100


def _first(paths: str | None) -> str | None:
    """The first of systemd's colon-separated folders (systemd.exec(5))."""
    return paths.partition(":")[0] if paths else None
