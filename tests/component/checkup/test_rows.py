"""What is seen of real folders, processes and ports."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from runtime_manager import __version__
from runtime_manager.checkup import folders, running
from runtime_manager.checkup.ending import end
from runtime_manager.checkup.rows import Row
from runtime_manager.client.whereabouts import Whereabouts, process_started_at, read_whereabouts
from runtime_manager.model.home import Home

DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(600)
"""


@pytest.fixture
def home() -> Iterator[Home]:
    with tempfile.TemporaryDirectory(prefix="rtm-up-") as folder:
        made = Home(Path(folder))
        made.providers.mkdir()
        made.run.mkdir(mode=0o700)
        yield made


@pytest.fixture
def sleeper(home: Home) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the home that takes no notice of SIGTERM."""
    with subprocess.Popen(
        [sys.executable, "-c", DEAF],
        env={**os.environ, "RTM_INSTANCE": f"{home.home_id}/cool/7"},
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def publish(home: Home, pid: int, **more: object) -> Whereabouts:
    facts = Whereabouts(
        url="http://127.0.0.1:9880",
        socket=str(home.api_socket),
        pid=pid,
        started_at=0.0,
        token_file=str(home.token),
        nonce="n",
        version=__version__,
        api=1,
        process_started_at=process_started_at(pid),
    )
    home.runtime_json.write_text(json.dumps(asdict(facts) | more))
    found = read_whereabouts(home)
    assert found is not None
    return found


def by_name(rows: Iterator[Row]) -> dict[str, Row]:
    return {row.name: row for row in rows}


def test_folders_and_token_that_are_yours_alone_are_well(home: Home) -> None:
    home.token.touch(mode=0o600)
    rows = by_name(folders.home_rows(home))
    assert {name: row.level for name, row in rows.items()} == {
        "home": "ok",
        "run": "ok",
        "token": "ok",
    }


def test_a_home_that_others_may_write_is_bad(home: Home) -> None:
    home.providers.chmod(0o777)
    row = by_name(folders.home_rows(home))["home"]
    assert (row.level, row.hint) == ("bad", f"chmod go-w {home.providers}")


@pytest.mark.parametrize("name", ["run", "token"])
def test_what_should_be_private_and_is_not_is_bad(name: str, home: Home) -> None:
    home.token.touch(mode=0o600)
    path = {"run": home.run, "token": home.token}[name]
    path.chmod(0o755)
    row = by_name(folders.home_rows(home))[name]
    assert (row.level, row.hint) == ("bad", f"chmod go= {path}")


def test_a_home_to_be_is_no_fault(home: Home) -> None:
    (row,) = folders.home_rows(Home(home.root / "later"))
    assert row.level == "note"


def test_every_file_that_cannot_be_used_has_its_row(home: Home) -> None:
    home.config.write_text("lisen: x\n")
    home.registry.write_text("version: [\n")
    (home.providers / "odd").mkdir()
    rows = {row.name: row for row in folders.read(home, {}).rows}
    assert [rows[name].level for name in ("config", "registry", "manifests")] == [
        "bad",
        "bad",
        "warn",
    ]
    assert "config.yaml:1" in rows["config"].text
    assert rows["manifests"].hint == "rtm why odd"


def test_settings_for_a_provider_that_is_not_there_are_told(home: Home) -> None:
    home.config.write_text("providers: {gone: {start: manual}}\n")
    rows = {row.name: row for row in folders.read(home, {}).rows}
    assert "gone" in rows["overrides"].text


def test_space_is_looked_at_where_the_home_will_be(home: Home) -> None:
    rows = by_name(folders.space_rows(Home(home.root / "a" / "b"), home.root / "none"))
    assert str(home.root) in rows["disk"].text
    assert rows["temp"].level == "bad"


def test_no_daemon_is_no_fault(home: Home) -> None:
    assert running.daemon_row(home, None).level == "note"


def test_a_lock_without_a_runtime_json_is_told(home: Home) -> None:
    with home.lock.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert running.daemon_row(home, None).level == "bad"
    assert running.daemon_row(home, None).level == "note"


def test_what_a_killed_daemon_left_is_stale(home: Home, sleeper: subprocess.Popen[bytes]) -> None:
    sleeper.kill()
    sleeper.wait()
    row = running.daemon_row(home, publish(home, sleeper.pid))
    assert (row.level, "is stale" in row.text) == ("warn", True)


def test_a_daemon_that_is_halted_is_told_with_how_to_go_on(
    home: Home, sleeper: subprocess.Popen[bytes]
) -> None:
    found = publish(home, sleeper.pid)
    os.kill(sleeper.pid, signal.SIGSTOP)
    os.waitpid(sleeper.pid, os.WUNTRACED)  # halted for certain
    assert running.daemon_row(home, found).hint == f"kill -CONT {sleeper.pid}"
    os.kill(sleeper.pid, signal.SIGCONT)
    assert "does not answer" in running.daemon_row(home, found).text


def test_an_address_in_use_is_bad_with_its_owner(listening: socket.socket) -> None:
    address = f"127.0.0.1:{listening.getsockname()[1]}"
    row = running.port_row(address, is_running=False)
    assert row.level == "bad"
    assert f"(pid {os.getpid()})" in row.text
    assert running.port_row(address, is_running=True).level == "ok"
    assert running.port_row("127.0.0.1:0", is_running=False).level == "ok"
    assert running.port_row("192.0.2.1:80", is_running=False).level == "bad"


def test_leftovers_are_found_but_not_those_of_a_daemon_that_runs(
    home: Home, sleeper: subprocess.Popen[bytes]
) -> None:
    found = running.leftovers(home, None)
    assert [one.pid for one in found] == [sleeper.pid]
    assert f"cool (pid {sleeper.pid})" in running.leftovers_row(found).text
    assert running.leftovers(home, os.getpid()) == []
    assert running.leftovers_row([]).level == "ok"


def test_leftovers_that_take_no_notice_are_killed(
    home: Home, sleeper: subprocess.Popen[bytes]
) -> None:
    def look() -> list[running.Marked]:
        sleeper.poll()  # it is our child: without this it would stay as a zombie
        return running.leftovers(home, None)

    assert end(look, grace_s=0.1) == []
    assert sleeper.returncode == -signal.SIGKILL
