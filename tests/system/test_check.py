"""`rtm check`: examples keep their promises, bad packages do not, and nothing is left of either."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.system.child import EXAMPLES, REPOSITORY
from tests.system.conftest import Check

BAD = REPOSITORY / "tests" / "providers" / "bad"
SHIPPED = (*EXAMPLES.glob("*/manifest.yaml"), *REPOSITORY.glob("providers/*/manifest.yaml"))
BUILT = "go-hello"
GOOD = sorted(one.parent for one in SHIPPED if one.parent.name != BUILT)
NEEDS = {"node-time": "node"}


def verdicts(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The findings by promise."""
    return {one["promise"]: one for one in json.loads(done.stdout)["promises"]}


def broken(done: subprocess.CompletedProcess[str]) -> set[str]:
    return {name for name, one in verdicts(done).items() if one["verdict"] == "broken"}


@pytest.mark.parametrize("folder", GOOD, ids=lambda folder: folder.name)
def test_every_package_we_ship_keeps_its_promises(folder: Path, check: Check) -> None:
    if (program := NEEDS.get(folder.name)) and shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    done = check(folder, "--format", "json")
    told = json.loads(done.stdout)
    assert done.returncode == 0, done.stdout
    assert told["is_kept"]
    assert told["counts"]["kept"] >= 11


@pytest.mark.go
@pytest.mark.timeout(300)
@pytest.mark.skipif(shutil.which("go") is None, reason="go is not installed")
def test_one_that_must_be_built_says_so_and_then_keeps_its_promises(
    check: Check, scratch: dict[str, str], tmp_path: Path
) -> None:
    leave = shutil.ignore_patterns(BUILT)
    folder = Path(shutil.copytree(EXAMPLES / BUILT, tmp_path / "made", ignore=leave))
    unbuilt = verdicts(check(folder, "--format", "json"))
    assert unbuilt["program"]["hint"] == "build it: go build -o go-hello ."
    cache = {"GOCACHE": str(tmp_path / "cache"), "GOPROXY": "off"}
    subprocess.run(["go", "build", "-o", BUILT, "."], cwd=folder, env=scratch | cache, check=True)
    assert check(folder).returncode == 0


def test_one_that_is_wide_open_and_links_past_its_prefix_is_found_out(check: Check) -> None:
    done = check(BAD / "wide-open", "--format", "json")
    assert done.returncode == 1
    assert broken(done) == {"links", "listens"}
    found = verdicts(done)
    assert "0.0.0.0" in found["listens"]["reason"]
    assert found["links"]["reason"].splitlines() == [
        '<link href="/style.css"> leads to /style.css, out of /api/v1/wide-open/',
        '<a href="/settings"> leads to /settings, out of /api/v1/wide-open/',
        '<a href="missing.html"> is answered 404',
    ]


def test_one_that_is_deaf_to_sigterm_and_leaves_a_process_is_found_out(check: Check) -> None:
    done = check(BAD / "deaf", "--format", "json")
    assert done.returncode == 1
    assert broken(done) == {"element-file", "spec", "element", "ends", "leaves-nothing"}
    assert "killed by SIGKILL" in verdicts(done)["ends"]["reason"]


def test_one_that_starts_only_once_is_found_out_by_its_last_words(check: Check) -> None:
    done = check(BAD / "once", "--format", "json")
    assert done.returncode == 1
    assert broken(done) == {"restarts", "starts-again"}
    assert "another one runs" in verdicts(done)["starts-again"]["reason"]
    assert verdicts(done)["ends"]["verdict"] == "not-tried"


def test_each_mistake_of_a_manifest_is_told_with_its_line_and_key(check: Check) -> None:
    done = check(BAD / "typos")
    assert done.returncode == 78
    assert "typos/manifest.yaml:3: listen: " in done.stdout
    assert "typos/manifest.yaml:5: health.intervall: " in done.stdout
    assert "typos/manifest.yaml:6: health.timeout: " in done.stdout


def test_what_it_depends_on_is_asked_for_where_it_is_not_beside(
    check: Check, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(EXAMPLES / "depends", tmp_path / "alone" / "depends"))
    done = check(folder)
    assert done.returncode == 1
    assert "depends on echo, found neither beside it nor by --with" in done.stdout
    assert check(folder, "--with", EXAMPLES / "echo").returncode == 0


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        ("binary: 'true'\n", "exit code 0 before it was ready"),
        ("binary: sh\nargs: [-c, 'echo no such table >&2; exit 3']\n", "no such table"),
        (
            "binary: sleep\nargs: ['600']\nhealth: {start_timeout: 500ms}\n",
            "not ready within 0.5 s",
        ),
    ],
)
def test_one_that_is_never_ready_is_told_why_at_its_first_try(
    manifest: str, words: str, check: Check, tmp_path: Path
) -> None:
    (tmp_path / "manifest.yaml").write_text(f"code: never\n{manifest}append_args: false\n")
    done = check(tmp_path, "--format", "json")
    assert done.returncode == 1
    assert broken(done) == {"ready"}
    assert words in verdicts(done)["ready"]["reason"]
    assert verdicts(done)["starts-again"]["verdict"] == "not-tried"


def test_one_that_is_started_by_hand_and_not_asked_for_health_is_tried(
    check: Check, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(EXAMPLES / "echo", tmp_path / "echo"))
    with (folder / "manifest.yaml").open("a") as manifest:
        manifest.write("start: manual\nhealth: {kind: tcp}\n")
    found = verdicts(check(folder, "--format", "json"))
    assert found["ready"]["verdict"] == "kept"
    assert found["health"]["reason"] == "a connection is accepted"


def test_a_folder_that_is_none_is_wrong_usage(check: Check, tmp_path: Path) -> None:
    done = check(tmp_path / "none")
    assert (done.returncode, done.stdout) == (2, "")
    assert "is no folder" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_check_that_is_interrupted_leaves_nothing(
    number: signal.Signals, scratch: dict[str, str]
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "runtime_manager", "check", str(BAD / "deaf")],
        stdout=subprocess.PIPE,
        text=True,
        env=scratch,
    )
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            if "it is ready in time" in line:
                break
        below = psutil.Process(process.pid).children(recursive=True)
        os.kill(process.pid, number)
        process.stdout.read()
        assert process.wait(timeout=50) == 130
    gone, alive = psutil.wait_procs(below, timeout=10)
    assert not alive
    assert gone
