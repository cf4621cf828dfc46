"""A life of packages from an index on a web server, as a user leads it beside a running daemon."""

from __future__ import annotations

import functools
import http.server
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.system.child import EXAMPLES, Daemon, HomeFolder, environment

Rtm = Callable[..., subprocess.CompletedProcess[str]]

PACKAGES = ("chat", "clock", "depends", "echo", "report", "unix")


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def rtm(home: HomeFolder) -> Rtm:
    def run(*words: str | Path, exit_code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "runtime_manager", *map(str, words), "--home", home.root],
            capture_output=True,
            text=True,
            env=environment(),
            timeout=60,
            check=False,
        )
        assert done.returncode == exit_code, done.stdout + done.stderr
        return done

    return run


@pytest.fixture
def archives(tmp_path: Path, rtm: Rtm) -> Path:
    """Six examples, one of them in two versions, and their index."""
    folder = tmp_path / "packages"
    folder.mkdir()
    for code in PACKAGES:
        rtm("pack", EXAMPLES / code, "-o", folder / f"{code}-1.0.0.tar.gz")
    newer = shutil.copytree(EXAMPLES / "clock", tmp_path / "clock")
    manifest = newer / "manifest.yaml"
    manifest.write_text(manifest.read_text().replace("1.0.0", "1.1.0"))
    rtm("pack", newer, "-o", folder / "clock-1.1.0.tar.gz")
    assert rtm("index", "build", folder).stdout == (
        f"{folder}/index.json: 6 packages, 7 versions\n"
    )
    return folder


@pytest.fixture
def index(archives: Path, home: HomeFolder) -> Iterator[http.server.ThreadingHTTPServer]:
    """The index over HTTP, set in the home's settings."""
    handler = functools.partial(_Quiet, directory=str(archives))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/index.json"
        settings = f"indexes: [{url!r}]\npackages: {{settle: 200ms}}\n"
        (home.root / "config.yaml").write_text(settings)
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.timeout(180)
def test_packages_are_found_installed_upgraded_taken_back_verified_and_removed(
    index: http.server.ThreadingHTTPServer, home: HomeFolder, rtm: Rtm, daemon: Daemon
) -> None:
    rows = rtm("search").stdout.splitlines()[1:]
    assert [row.split()[0] for row in rows] == list(PACKAGES)
    assert len(rtm("search", "once", "second").stdout.splitlines()) == 2

    assert rtm("install", "clock@~1.0").stdout == "installed clock 1.0.0\n"
    assert rtm("install", "depends").stdout.splitlines() == [
        "installed echo 1.0.0",
        "installed depends 1.0.0",
    ]
    rtm("wait", "clock", "echo", "depends")
    assert daemon.ask("/api/v1/echo/x").status == 200

    assert rtm("outdated").stdout.splitlines()[1].split()[:4] == [
        *("clock", "1.0.0", "1.0.0", "1.1.0")
    ]
    assert rtm("upgrade", "clock@^1").stdout == "installed clock 1.1.0, in place of 1.0.0\n"
    rtm("wait", "clock")
    assert "1.1.0" in rtm("list").stdout
    assert rtm("rollback", "clock").stdout == "clock is back at 1.0.0, from 1.1.0\n"

    rtm("verify")
    program = (home.root / "providers" / "clock").resolve() / "clock.py"
    data = bytearray(program.read_bytes())
    data[100] ^= 1
    program.write_bytes(data)
    told = rtm("verify", exit_code=1).stdout
    assert "clock 1.0.0: not as it was installed\n  changed  clock.py\n" in told

    assert "needed by depends" in rtm("uninstall", "echo", exit_code=1).stderr
    assert rtm("uninstall", "echo", "clock", "--cascade").stdout.splitlines() == [
        "uninstalled depends",
        "uninstalled echo",
        "uninstalled clock",
    ]
    assert daemon.ask("/api/v1/clock/").status == 404
    assert not home.alive()


def test_what_the_index_offered_is_known_while_it_is_away(
    index: http.server.ThreadingHTTPServer, rtm: Rtm
) -> None:
    rtm("search")
    index.shutdown()
    index.server_close()
    said = rtm("search", "clock")
    assert "clock" in said.stdout
    assert "what it offered" in said.stderr
    assert "cannot be had" in rtm("install", "clock", exit_code=1).stderr
