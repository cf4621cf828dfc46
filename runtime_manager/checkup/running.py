"""The daemon of a home: whether it runs and is the one it says; its port; what others left."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from runtime_manager import __version__
from runtime_manager.checkup.rows import Row, bad, counted, note, ok, warn
from runtime_manager.client.whereabouts import Whereabouts
from runtime_manager.errors import PortTakenError
from runtime_manager.model.address import parse_address
from runtime_manager.model.home import Home
from runtime_manager.process import ports, tree
from runtime_manager.process.leftovers import ancestors
from runtime_manager.process.tree import Marked

_ASK_S = 10.0
_UNIT = "runtime-manager.service"
_BOOTED = Path("/run/systemd/system")


def daemon_row(home: Home, found: Whereabouts | None) -> Row:
    """Whether the daemon that `runtime.json` speaks of answers, by its nonce."""
    if found is None:
        return _without_trace(home)
    if found.answers():
        told = f"pid {found.pid} at {found.url}, version {found.version}"
        if found.version != __version__:
            hint = "start it anew, or use the rtm it came with"
            return warn("daemon", f"{told}, and this rtm is {__version__}", hint)
        return ok("daemon", told)
    if not found.is_process_alive():
        hint = "nothing to do: the next rtm serve replaces it"
        text = f"{home.runtime_json} is stale: process {found.pid} is gone"
        return warn("daemon", text, hint)
    kin = tree.kin(found.pid)
    if kin is not None and kin.state == "T":
        return bad("daemon", f"process {found.pid} is halted (SIGSTOP)", f"kill -CONT {found.pid}")
    text = f"process {found.pid} lives and does not answer as the daemon of this home"
    return bad("daemon", text, f"see its log; kill {found.pid} ends it, then rtm serve")


def _without_trace(home: Home) -> Row:
    if is_locked(home):
        text = f"somebody holds {home.lock}, and there is no runtime.json"
        return bad("daemon", text, "it is just starting, or of another machine: end it there")
    return note("daemon", "none runs; rtm serve starts one")


def is_locked(home: Home) -> bool:
    """Whether a daemon holds the home's lock."""
    try:
        lock = os.open(home.lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def port_row(listen: str, *, is_running: bool) -> Row:
    """Whether the address of the settings can be listened on; a running daemon has its own."""
    if is_running:
        return ok("address", f"{listen} is what settings say; a running daemon has its own")
    host, port = parse_address(listen)
    try:
        ports.reserve(host=host, port=port).release()
        if port and (owner := ports.owner_text(port, host=host)):
            return bad("address", f"{listen} is in use{owner}", _PORT_HINT)
    except PortTakenError as error:
        return bad("address", f"{listen}: {error.message}", _PORT_HINT)
    except OSError as exc:
        hint = "choose another `listen` in config.yaml, or --listen"
        return bad("address", f"{listen}: {exc.strerror or exc}", hint)
    return ok("address", f"{listen} is free")


_PORT_HINT = "end that program, or choose another: rtm serve --listen 127.0.0.1:0"


def leftovers(home: Home, daemon_pid: int | None) -> list[Marked]:
    """Processes of this home that no living daemon has; `daemon_pid` is that of one that runs."""
    marked = tree.marked(f"{home.home_id}/")
    if not marked:
        return []
    spared = ancestors() | (tree.descendants([daemon_pid]) if daemon_pid else set())
    return [one for one in marked if one.pid not in spared]


def leftovers_row(found: list[Marked]) -> Row:
    """What an earlier daemon left alive."""
    if not found:
        return ok("leftovers", "none")
    names = ", ".join(f"{one.marker.split('/')[1]} (pid {one.pid})" for one in found[:5])
    text = f"{counted(len(found), 'process')} of an earlier daemon: {names}"
    return warn("leftovers", text, "rtm doctor --leftovers ends them; so does the next rtm serve")


def systemd_rows() -> Iterator[Row]:
    """How systemd sees our unit, where there is systemd."""
    if not _BOOTED.is_dir() or shutil.which("systemctl") is None:
        yield note("systemd", "does not run here")
        return
    for scope in ("--system", "--user"):
        yield from _unit(scope)


def _unit(scope: str) -> Iterator[Row]:
    name = f"systemd {scope.removeprefix('--')}"
    facts = _shown(scope)
    if facts is None:
        return
    if facts.get("LoadState") in (None, "not-found"):
        yield note(name, "no unit of ours (rtm service install makes one)")
    elif facts.get("ActiveState") == "failed":
        text = f"{_UNIT} has failed: {facts.get('Result')}"
        yield bad(name, text, f"journalctl {scope} -u {_UNIT} -n 50")
    else:
        status = facts.get("StatusText") or facts.get("SubState")
        yield ok(name, f"{_UNIT} is {facts.get('ActiveState')}: {status}")


def _shown(scope: str) -> dict[str, str] | None:
    """What `systemctl show` tells of our unit; None where that manager does not answer."""
    shown = "--property=LoadState,ActiveState,SubState,StatusText,Result"
    try:
        done = subprocess.run(
            ["systemctl", scope, "show", _UNIT, shown],
            capture_output=True,
            text=True,
            timeout=_ASK_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode != 0:
        return None
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
