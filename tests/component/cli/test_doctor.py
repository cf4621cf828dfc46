"""`rtm doctor`: a line each, and what an earlier daemon left."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from runtime_manager.process.tree import marker_of
from tests.component.cli.canned import Rtm

if TYPE_CHECKING:
    from runtime_manager.model.home import Home


@pytest.fixture
def leftover(home: Home) -> Iterator[int]:
    """The pid of a process that an earlier daemon of the home could have left: init has it."""
    code = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid(); print(os.getpid(), flush=True); os.close(1); time.sleep(600)\n"
    )
    env = {**os.environ, "RTM_INSTANCE": f"{home.home_id}/cool/7"}
    with subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
    yield pid
    if (marker_of(pid) or "").startswith(home.home_id):
        os.kill(pid, signal.SIGKILL)


def test_a_good_home_is_told_in_a_line_each(home: Home, rtm: Rtm) -> None:
    said = rtm("doctor", RTM_LISTEN="127.0.0.1:0")
    assert said.code == 0
    assert said.err == ""
    levels = {line.split()[0] for line in said.out.splitlines()} - {"do:"}
    assert levels <= {"ok", "note", "warn"}


def test_something_bad_is_exit_1_with_what_to_do(home: Home, rtm: Rtm) -> None:
    home.config.write_text("lisen: x\n")
    said = rtm("doctor")
    assert said.code == 1
    assert "config.yaml:1" in said.out
    assert "do: did you mean `listen`?" in said.out


def test_for_programs_each_row_has_its_name_and_level(home: Home, rtm: Rtm) -> None:
    document = rtm("doctor", "--format", "json", RTM_LISTEN="127.0.0.1:0").document
    assert document["is_well"] is True
    names = {row["name"] for row in document["rows"]}
    assert {"home", "config", "daemon", "address", "leftovers", "open files", "clock"} <= names


def test_leftovers_are_not_ended_without_being_asked_for(
    home: Home, rtm: Rtm, leftover: int
) -> None:
    said = rtm("doctor", "--leftovers")
    assert (said.code, f"{leftover}  {home.home_id}/cool/7" in said.out) == (2, True)
    assert "--yes" in said.err
    told = rtm("doctor", "--leftovers", "--format", "json").document
    assert (told["is_ended"], told["alive"]) == (False, [leftover])
    said = rtm("doctor", "--leftovers", "--yes")
    assert (said.code, said.out.splitlines()[-1]) == (0, "ended 1")
    assert rtm("doctor", "--leftovers").out == ""


@pytest.mark.parametrize(("answer", "is_ended"), [(b"y\n", True), (b"\n", False)])
def test_a_person_is_asked(
    answer: bytes, home: Home, leftover: int, environ: dict[str, str], *, is_ended: bool
) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "runtime_manager", "doctor", "--leftovers"]
    process = subprocess.Popen(
        [*command, "--home", str(home.root)], stdin=theirs, stdout=theirs, env=environ
    )
    os.close(theirs)
    said = b""
    while b"end it? [y/N] " not in said:
        said += os.read(ours, 4096)
    os.write(ours, answer)
    assert process.wait(timeout=30) == 0
    os.close(ours)
    assert (marker_of(leftover) is None) is is_ended
