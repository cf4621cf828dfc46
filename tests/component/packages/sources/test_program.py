"""Other programs, run for a package: what they say, and how they are ended."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from runtime_manager.errors import PackageError
from runtime_manager.packages.progress import no_progress
from runtime_manager.packages.sources.program import find_program, run, without


def called(script: str, *, timeout_s: float = 30.0, progress: object = no_progress) -> str:
    return run(
        ["sh", "-c", script],
        deed="it failed",
        environ=dict(os.environ),
        timeout_s=timeout_s,
        progress=progress,  # type: ignore[arg-type]  # a test's own
    )


def test_what_it_prints_comes_back() -> None:
    assert called("echo one; echo two >&2") == "one\n"


def test_its_last_words_tell_why_it_failed_on_one_line_that_cannot_move_the_cursor() -> None:
    with pytest.raises(PackageError) as caught:
        called("for i in 1 2 3 4; do printf '\\033[2J line  %s\\n' $i >&2; done; exit 3")
    assert caught.value.message == "it failed: ?[2J line 2 / ?[2J line 3 / ?[2J line 4"


def test_one_that_says_nothing_is_told_by_its_exit_code() -> None:
    with pytest.raises(PackageError, match="it failed: exit code 3"):
        called("exit 3")


def test_it_has_no_input_to_wait_for() -> None:
    assert called("cat; tty || true") == "not a tty\n"


@pytest.mark.parametrize("how", ["too slow", "cancelled"])
def test_what_is_ended_early_leaves_no_process_behind(tmp_path: Path, how: str) -> None:
    pids = tmp_path / "pids"

    def cancel(*_: object) -> None:
        if pids.exists() and len(pids.read_text().split()) == 2:
            raise KeyboardInterrupt

    script = f"sleep 300 & echo $! >> {pids}; echo $$ >> {pids}; wait"
    if how == "cancelled":
        with pytest.raises(KeyboardInterrupt):
            called(script, progress=cancel)
    else:
        with pytest.raises(PackageError, match=r"it took longer than 0\.5 s"):
            called(script, timeout_s=0.5)
    for pid in map(int, pids.read_text().split()):
        if psutil.pid_exists(pid):
            psutil.Process(pid).wait(timeout=5)


def test_a_program_that_is_not_there_is_told() -> None:
    with pytest.raises(PackageError, match="no-such-program is needed and is not on PATH"):
        find_program("no-such-program", hint="install it")


def test_variables_are_left_out_whatever_their_case() -> None:
    environ = {"PIP_TARGET": "x", "pip_target_": "x", "PATH": "y"}
    assert without(environ, "pip_target") == {"PATH": "y"}
