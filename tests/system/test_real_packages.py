"""Programs from PyPI and npm, installed as packages and served."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.child import Daemon, HomeFolder, environment

pytestmark = [pytest.mark.real, pytest.mark.timeout(400)]

OVERLAYS = Path(__file__).parents[1] / "providers" / "overlays"


@pytest.fixture
def rtm(home: HomeFolder) -> Callable[..., str]:
    def run(*words: str | Path) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "runtime_manager", *map(str, words), "--home", home.root],
            capture_output=True,
            text=True,
            env=environment(),
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_datasette_of_pypi_is_a_provider_by_one_command(
    home: HomeFolder, rtm: Callable[..., str], daemon: Daemon
) -> None:
    database = sqlite3.connect(home.data("datasette") / "library.db")
    with database:
        database.execute("create table books (title text)")
        database.execute("insert into books values ('Solaris')")
    database.close()
    manifest = OVERLAYS / "datasette.yaml"
    said = rtm("install", "pypi:datasette==0.65.5", "--manifest", manifest)
    assert said == "installed datasette 0.65.5\n"
    rtm("wait", "datasette", "--timeout", "60s")
    answer = daemon.ask("/api/v1/datasette/library/books.json?_shape=array")
    assert answer.json == [{"rowid": 1, "title": "Solaris"}]
    assert rtm("verify", "datasette") == "datasette 0.65.5: good\n"


@pytest.mark.node
def test_a_server_of_npm_is_a_provider_by_one_command(
    home: HomeFolder, rtm: Callable[..., str], daemon: Daemon
) -> None:
    (home.data("files") / "hello.txt").write_text("hello")
    said = rtm("install", "npm:serve@14.2.4", "--manifest", OVERLAYS / "files.yaml")
    assert said == "installed files 14.2.4\n"
    rtm("wait", "files", "--timeout", "60s")
    assert daemon.ask("/api/v1/files/hello.txt").text == "hello"
    assert rtm("verify", "files") == "files 14.2.4: good\n"
