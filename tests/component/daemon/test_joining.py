"""A second serve: which daemon it finds, and which it does not believe in."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from runtime_manager.client.process import process_started_at
from runtime_manager.client.whereabouts import Whereabouts
from runtime_manager.daemon.early_signals import ENDING, EarlySignals
from runtime_manager.daemon.joining import join
from runtime_manager.daemon.options import ServeOptions
from runtime_manager.model.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path, sockets_base=tmp_path)
    for folder in {made.run, made.sockets}:
        folder.mkdir()
    return made


@pytest.fixture
def early() -> Iterator[EarlySignals]:
    before = {number: signal.getsignal(number) for number in ENDING}
    yield EarlySignals()
    for number, handler in before.items():
        signal.signal(number, handler)


def published(home: Home, **changes: object) -> Whereabouts:
    ours = Whereabouts(
        url="http://127.0.0.1:4711",
        socket=str(home.api_socket),
        pid=os.getpid(),
        started_at=1.0,
        token_file="/t",
        nonce="n",
        version="1.0.0",
        api=1,
        process_started_at=process_started_at(os.getpid()),
    )
    facts = asdict(ours) | changes
    home.runtime_json.write_text(json.dumps(facts))
    return Whereabouts(**facts)


def test_it_points_at_the_daemon_there_is(
    home: Home, early: EarlySignals, capsys: pytest.CaptureFixture[str]
) -> None:
    published(home)
    assert join(home, ServeOptions(), is_service=False, early=early) == 0
    assert f"http://127.0.0.1:4711 (pid {os.getpid()})" in capsys.readouterr().out


def test_for_a_service_manager_that_is_a_failure(home: Home, early: EarlySignals) -> None:
    published(home)
    for options in (ServeOptions(), ServeOptions(exit_on_stdin_eof=True)):
        assert join(home, options, is_service=True, early=early) == 1


def test_where_nothing_is_published_the_home_is_claimed_again(
    home: Home, early: EarlySignals
) -> None:
    assert join(home, ServeOptions(lease=True), is_service=False, early=early) is None


def test_an_address_at_which_nobody_grants_a_lease_is_told_to_nobody(
    home: Home, early: EarlySignals, capsys: pytest.CaptureFixture[str]
) -> None:
    published(home)
    for options in (ServeOptions(lease=True), ServeOptions(exit_on_stdin_eof=True)):
        assert join(home, options, is_service=False, early=early) is None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as deaf:
        deaf.bind(str(home.api_socket))
        assert join(home, ServeOptions(lease=True), is_service=False, early=early) is None
    assert capsys.readouterr().out == ""
