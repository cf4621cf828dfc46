"""What a daemon left about itself, and whether it is still true."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from runtime_manager.client.process import process_started_at
from runtime_manager.client.whereabouts import Whereabouts, read_whereabouts
from runtime_manager.model.home import Home
from runtime_manager.process import tree

US = Whereabouts(
    url="http://127.0.0.1:1",
    socket="/nowhere/api.sock",
    pid=os.getpid(),
    started_at=1.0,
    token_file="/t",
    nonce="n",
    version="1.0.0",
    api=1,
    process_started_at=process_started_at(os.getpid()),
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "run").mkdir()
    return Home(tmp_path)


def test_what_a_newer_version_adds_is_passed_over(home: Home) -> None:
    home.runtime_json.write_text(json.dumps(asdict(US) | {"colour": "red"}))
    assert read_whereabouts(home) == US


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "{}", '{"url": "x"}', "\udcff"])
def test_what_makes_no_sense_is_nothing(home: Home, text: str) -> None:
    home.runtime_json.write_bytes(text.encode(errors="surrogateescape"))
    assert read_whereabouts(home) is None


def test_a_start_time_is_that_of_the_process_table() -> None:
    assert process_started_at(os.getpid()) == tree.started_at(os.getpid())


def test_a_process_of_the_same_pid_that_started_at_another_time_is_another() -> None:
    assert US.is_process_alive()
    assert US.is_current()
    earlier = replace(US, process_started_at=1.0)
    assert not earlier.is_process_alive()
    assert not earlier.is_current()


def test_a_process_that_has_ended_is_not_alive_with_or_without_its_start_time() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        known = replace(US, pid=child.pid, process_started_at=process_started_at(child.pid))
        unknown = replace(known, process_started_at=None)
        assert known.is_process_alive()
        assert unknown.is_process_alive()
    assert not known.is_process_alive()
    assert not unknown.is_process_alive()
