"""A home and a daemon on it; at its end the daemon must have ended well, and left nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.system.child import Daemon, HomeFolder, environment, serve

Check = Callable[..., subprocess.CompletedProcess[str]]
"""A call of `rtm check`, with its words."""


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


@pytest.fixture
def scratch() -> Iterator[dict[str, str]]:
    """An environment whose folders for passing files are empty, and empty again after the test."""
    with tempfile.TemporaryDirectory(prefix="rtm-t-") as folder:
        places = {name: f"{folder}/{name}" for name in ("TMPDIR", "XDG_RUNTIME_DIR")}
        for place in places.values():
            Path(place).mkdir()
        yield environment(**places)
        left = [path for place in places.values() for path in Path(place).rglob("*")]
        assert not left, f"left behind: {left}"


@pytest.fixture
def check(scratch: dict[str, str]) -> Check:
    """A function that runs `rtm check` with further words."""

    def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "runtime_manager", "check", *map(str, words)],
            capture_output=True,
            text=True,
            env=scratch,
            timeout=55,
            check=False,
        )

    return run
