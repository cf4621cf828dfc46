"""What the daemon tells a service manager, and what of the manager's reaches a provider."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.system.child import Daemon, HomeFolder

MEANT_FOR_US = {
    "WATCHDOG_USEC": "1000000",
    "INVOCATION_ID": "0123",
    "JOURNAL_STREAM": "8:1",
    "SYSTEMD_EXEC_PID": "1",
    "LOGS_DIRECTORY": "/nowhere",
}


class Ear:
    """Hears what is said to NOTIFY_SOCKET."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.heard: list[str] = []

    def until(self, wanted: str) -> list[str]:
        """All that was said from here to a line that begins so."""
        seen: list[str] = []
        while not any(line.startswith(wanted) for line in seen):
            seen += self._sock.recv(4096).decode().splitlines()
        self.heard += seen
        return seen


@contextmanager
def listening_at(path: Path) -> Iterator[Ear]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(path))
        sock.settimeout(30)
        yield Ear(sock)


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[Ear]:
    with listening_at(tmp_path / "n") as found:
        yield found


def test_the_manager_hears_of_readiness_state_life_reload_and_end(
    home: HomeFolder, start_daemon: Callable[..., Daemon], ear: Ear, tmp_path: Path
) -> None:
    home.add("one")
    daemon = start_daemon(NOTIFY_SOCKET=str(tmp_path / "n"), WATCHDOG_USEC="1000000")
    ear.until("READY=1")
    ear.until("STATUS=1 ready")
    ear.until("WATCHDOG=1")
    home.add("two")
    daemon.process.send_signal(signal.SIGHUP)
    ear.until("RELOADING=1")
    ear.until("READY=1")
    ear.until("STATUS=2 ready")
    daemon.process.send_signal(signal.SIGTERM)
    ear.until("STOPPING=1")
    ear.until("EXTEND_TIMEOUT_USEC=")
    assert daemon.process.wait(timeout=30) == 0


def test_what_the_manager_gives_the_daemon_reaches_no_provider(
    home: HomeFolder, start_daemon: Callable[..., Daemon], ear: Ear, tmp_path: Path
) -> None:
    home.add("one", env_pass=["WATCHDOG*", "INVOCATION*", "JOURNAL*", "LOGS*"])
    daemon = start_daemon(NOTIFY_SOCKET=str(tmp_path / "n"), **MEANT_FOR_US)
    daemon.wait_for("one")
    given = daemon.ask("/api/v1/one/env").json
    assert not MEANT_FOR_US.keys() & given.keys()
    assert given["NOTIFY_SOCKET"] != str(tmp_path / "n")
    ear.until("STATUS=1 ready")
