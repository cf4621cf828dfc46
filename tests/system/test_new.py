"""`rtm new`, then `rtm check`: what each template writes keeps every promise as it is."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.conftest import Check

NEEDS = {"python": "python3", "node": "node", "go": "go", "shell": "sh"}


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "template",
    [
        "python",
        "shell",
        pytest.param("node", marks=pytest.mark.node),
        pytest.param("go", marks=pytest.mark.go),
    ],
)
def test_a_new_package_keeps_every_promise(
    template: str, scratch: dict[str, str], check: Check, tmp_path: Path
) -> None:
    if shutil.which(NEEDS[template]) is None:
        pytest.skip(f"{NEEDS[template]} is not installed")
    made = subprocess.run(
        [sys.executable, "-m", "runtime_manager", "new", "my-own", "--template", template],
        cwd=tmp_path,
        env=scratch,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "rtm check ./my-own" in made.stdout
    if template == "go":
        build = ["go", "build", "-o", "server", "."]
        cache = {"GOCACHE": str(tmp_path / "cache"), "GOPROXY": "off"}
        subprocess.run(build, cwd=tmp_path / "my-own", env=scratch | cache, check=True)
    written = sorted((tmp_path / "my-own").rglob("*"))
    done = check(tmp_path / "my-own", "--format", "json")
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["counts"]["kept"] >= 12
    assert sorted((tmp_path / "my-own").rglob("*")) == written  # it writes nothing into its folder
