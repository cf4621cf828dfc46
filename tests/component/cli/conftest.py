"""Fixtures of the command line's tests: a home, a daemon on it, and a way to call `rtm`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime_manager.model.home import Home
from tests.component.cli.canned import (
    BROKEN,
    BROKEN_IN_FULL,
    COOL,
    COOL_IN_FULL,
    CannedDaemon,
    Rtm,
    Said,
)


@pytest.fixture
def home() -> Iterator[Home]:
    """A home in a folder short enough for a socket's path."""
    with tempfile.TemporaryDirectory(prefix="rtm-cli-") as folder:
        yield Home(Path(folder))


@pytest.fixture
def daemon(home: Home) -> Iterator[CannedDaemon]:
    """The daemon of the home, with two providers: cool is ready, broken has failed."""
    with CannedDaemon(home) as server:
        for query in ("", "?usage=0"):
            server.answer("GET", f"/api/v1/providers{query}", {"providers": [COOL, BROKEN]})
        server.answer("GET", "/api/v1/providers/cool", COOL_IN_FULL)
        server.answer("GET", "/api/v1/providers/broken", BROKEN_IN_FULL)
        server.answer("GET", "/healthz", {"status": "ok", "version": "0.0.9", "pid": 4242})
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def environ() -> dict[str, str]:
    """An environment in which only --home names a home."""
    dropped = ("RTM_", "CORE_HOME", "STATE_DIR", "RUNTIME_DIR", "LOGS_DIR", "CONFIGURATION_DIR")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
    return {**kept, "TZ": "UTC", "PYTHONWARNINGS": "error"}


@pytest.fixture
def rtm(home: Home, environ: dict[str, str]) -> Rtm:
    """Run the command line as a child process on the home."""

    def run(*words: str, **more: str) -> Said:
        done = subprocess.run(
            [sys.executable, "-m", "runtime_manager", *words, "--home", str(home.root)],
            capture_output=True,
            text=True,
            timeout=30,
            env={**environ, **more},
            check=False,
        )
        assert "Traceback (most recent call last)" not in done.stderr.replace("    Traceback", "")
        return Said(done.returncode, done.stdout, done.stderr)

    return run
