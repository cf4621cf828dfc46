"""A home and a daemon on it; at its end the daemon must have ended well, and left nothing."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.system.child import Daemon, HomeFolder, serve


@pytest.fixture
def home(tmp_path: Path) -> Iterator[HomeFolder]:
    """A home without packages; what its daemon logged is told when the test fails."""
    folder = HomeFolder(tmp_path / "h")
    yield folder
    for pid in folder.alive():
        os.kill(pid, signal.SIGKILL)
    log = folder.root / "serve.log"
    if log.exists():
        print(log.read_text()[-20_000:])


@pytest.fixture
def start_daemon(home: HomeFolder) -> Iterator[Callable[..., Daemon]]:
    """A function that starts `serve` on the home with flags and environment."""
    started: list[Daemon] = []

    def start(*flags: str, **env: str) -> Daemon:
        started.append(serve(home, *flags, **env))
        return started[-1]

    yield start
    for daemon in started:
        end(daemon)


@pytest.fixture
def daemon(start_daemon: Callable[..., Daemon]) -> Daemon:
    """A daemon on the home as the test has furnished it so far."""
    return start_daemon()


def end(daemon: Daemon) -> None:
    """Stop it as a service manager would, unless the test already did."""
    try:
        if daemon.process.poll() is None:
            assert daemon.stop() == 0
            assert not daemon.home.alive()
    finally:
        daemon.process.kill()
        daemon.process.wait()
        assert daemon.process.stdout is not None
        daemon.process.stdout.close()
