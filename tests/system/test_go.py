"""The example in Go, built from its source where there is a compiler."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.child import EXAMPLES, Daemon, HomeFolder, environment

pytestmark = [
    pytest.mark.go,
    pytest.mark.skipif(shutil.which("go") is None, reason="go is not installed"),
    pytest.mark.timeout(300),
]


def build(folder: Path, cache: Path) -> None:
    """By the command of its README; needs nothing from the network."""
    subprocess.run(
        ["go", "build", "-o", "go-hello", "."],
        cwd=folder,
        env=environment(GOCACHE=str(cache), GOFLAGS="-mod=mod", GOPROXY="off"),
        check=True,
    )


def test_it_is_built_and_serves_through_the_gateway_and_refuses_nobody_while_it_restarts(
    home: HomeFolder, start_daemon: Callable[..., Daemon], tmp_path: Path
) -> None:
    folder = home.add_folder(EXAMPLES / "go-hello", without="go-hello")
    daemon = start_daemon()
    daemon.wait_for("go-hello", state="failed")
    build(folder, tmp_path / "cache")
    assert daemon.do("start", "go-hello").json["state"] == "ready"
    first = daemon.ask("/api/v1/go-hello/").json
    assert first["name"] == "go-hello"
    assert first["go"].startswith("go1.")
    assert first["pid"] == daemon.provider("go-hello")["pid"]
    restart = "/api/v1/providers/go-hello/restart"
    headers = {"Content-Type": "application/json"}
    assert daemon.ask(restart, method="POST", headers=headers).status == 202
    statuses = set()
    while (told := daemon.ask("/api/v1/go-hello/")).json.get("pid") == first["pid"]:
        statuses.add(told.status)
    assert {*statuses, told.status} == {200}
    assert daemon.provider("go-hello")["warnings"] == []
