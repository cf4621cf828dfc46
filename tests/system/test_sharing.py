"""Several who want one daemon: leases, ties, and the moment at which the last one goes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.system.child import ANSWER_S, Daemon, HomeFolder, environment, wait_until_none_alive

JSON = {"Content-Type": "application/json"}


class Ide:
    """A program that has started `serve` and keeps its standard input open."""

    def __init__(self, home: HomeFolder, *flags: str) -> None:
        with (home.root / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "runtime_manager", "serve", "--home", str(home.root)),
                    *("--listen", "127.0.0.1:0", "--announce", "json", *flags),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment(),
            )

    def said(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "serve said nothing"
        return dict(json.loads(line))

    def let_go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def leave(self) -> int:
        self.let_go()
        return self.process.wait(timeout=ANSWER_S)

    def close(self) -> None:
        try:
            self.process.wait(timeout=ANSWER_S)
        finally:
            self.process.kill()
            self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()


@pytest.fixture
def ide(home: HomeFolder) -> Iterator[Callable[..., Ide]]:
    """Starts one more IDE on the home, tied by its standard input."""
    started: list[Ide] = []

    def start(*flags: str) -> Ide:
        started.append(Ide(home, *(flags or ("--exit-on-stdin-eof",))))
        return started[-1]

    yield start
    for one in started:
        one.let_go()
    for one in started:
        one.close()
    wait_until_none_alive(home, within_s=5)


def health(url: str) -> dict[str, Any]:
    with closing(HTTPConnection(urlsplit(url).netloc, timeout=ANSWER_S)) as connection:
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        assert response.status == 200
        return dict(json.loads(response.read()))


def test_two_ides_share_one_daemon_and_the_last_one_out_ends_it(
    home: HomeFolder, ide: Callable[..., Ide]
) -> None:
    home.add("shared")
    first = ide()
    told = first.said()
    assert told["pid"] == first.process.pid
    second = ide()
    assert second.said() == told | {"existing": True}
    assert second.leave() == 0
    assert health(told["url"])["pid"] == first.process.pid
    third = ide()
    assert third.said()["existing"]
    first.let_go()
    leases = third_sees(home)
    while "stdin" in [lease["kind"] for lease in leases["leases"]]:
        leases = third_sees(home)
    assert leases["ends_with_last"]
    assert [lease["kind"] for lease in leases["leases"]] == ["connection"]
    assert first.process.poll() is None
    assert third.leave() == 0
    assert first.process.wait(timeout=ANSWER_S) == 0
    assert not home.alive()


def third_sees(home: HomeFolder) -> dict[str, Any]:
    """The leases, asked over the socket as any program of the same user may."""
    from runtime_manager.client.socket_client import SocketClient

    facts = json.loads((home.root / "run" / "runtime.json").read_text())
    return SocketClient(facts["socket"]).get("/api/v1/leases")


def test_one_that_is_attached_ends_well_with_a_daemon_that_is_stopped(
    home: HomeFolder, start_daemon: Callable[..., Daemon], ide: Callable[..., Ide]
) -> None:
    daemon = start_daemon()
    attached = ide()
    assert attached.said() == daemon.announced | {"existing": True}
    assert daemon.stop() == 0
    assert attached.process.wait(timeout=ANSWER_S) == 0


def test_one_that_is_attached_fails_with_a_daemon_that_is_killed(
    home: HomeFolder, start_daemon: Callable[..., Daemon], ide: Callable[..., Ide]
) -> None:
    daemon = start_daemon()
    attached = ide()
    attached.said()
    daemon.process.kill()
    daemon.process.wait()
    assert attached.process.wait(timeout=ANSWER_S) == 1
    assert "the daemon is lost" in daemon.log()


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_one_that_is_attached_ends_well_when_told_to_and_the_daemon_goes_on(
    ide: Callable[..., Ide], signum: int
) -> None:
    first = ide()
    url = first.said()["url"]
    attached = ide()
    attached.said()
    attached.process.send_signal(signum)
    assert attached.process.wait(timeout=ANSWER_S) == 0
    assert health(url)["pid"] == first.process.pid


def test_a_daemon_of_its_own_outlives_whoever_was_attached(
    daemon_of_its_own: Daemon, ide: Callable[..., Ide]
) -> None:
    attached = ide()
    attached.said()
    assert attached.leave() == 0
    assert health(daemon_of_its_own.url)["pid"] == daemon_of_its_own.process.pid


@pytest.fixture
def daemon_of_its_own(home: HomeFolder) -> Iterator[Daemon]:
    """Started by itself: without a tie or a lease."""
    process = Ide(home, "--log-level", "debug").process
    daemon = Daemon(home, process, environment())  # type: ignore[arg-type]  # bytes do for JSON
    try:
        yield daemon
        assert daemon.stop() == 0
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()


def test_a_daemon_for_clients_ends_with_the_last_lease(ide: Callable[..., Ide]) -> None:
    served = ide("--lease")
    told = served.said()
    token = Path(told["token_file"]).read_text().strip()
    with closing(HTTPConnection(urlsplit(told["url"]).netloc, timeout=ANSWER_S)) as connection:
        body = json.dumps({"name": "a script", "ttl": "1s"})
        headers = JSON | {"X-RTM-Token": token}
        connection.request("POST", "/api/v1/leases", body=body, headers=headers)
        assert connection.getresponse().status == 201
    assert served.process.wait(timeout=ANSWER_S) == 0


def test_one_that_is_tied_to_a_process_ends_with_it(ide: Callable[..., Ide]) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as parent:
        first = ide("--parent-pid", str(parent.pid))
        told = first.said()
        second = ide("--parent-pid", str(parent.pid))
        assert second.said() == told | {"existing": True}
    assert first.process.wait(timeout=ANSWER_S) == 0
    assert second.process.wait(timeout=ANSWER_S) == 0


@pytest.mark.parametrize("number", range(6))
def test_who_comes_while_the_last_one_goes_gets_an_address_that_works(
    home: HomeFolder, ide: Callable[..., Ide], number: int
) -> None:
    home.add("slow", "--port", "{port}", "--term-delay", "0.3")
    first = ide()
    first.said()
    comers = [ide() for _ in range(2)]
    if number % 2:
        comers[0].said()
    first.process.stdin.close()
    late = ide()
    for comer in (*comers[number % 2 :], late):
        assert health(comer.said()["url"])["status"] == "ok"
    owners = {health(told["url"])["pid"] for told in [read_runtime(home)]}
    assert owners <= {first.process.pid, late.process.pid, *(c.process.pid for c in comers)}


def read_runtime(home: HomeFolder) -> dict[str, Any]:
    return dict(json.loads((home.root / "run" / "runtime.json").read_text()))


def test_nothing_but_the_line_is_ever_written_to_standard_output(
    home: HomeFolder, ide: Callable[..., Ide]
) -> None:
    home.add("loud", "--port", "{port}", "--echo", "to stdout", "--stderr", "to stderr")
    home.add("crash", "--port", "{port}", "--exit-after", "0.05", restart={"max": 1})
    (home.add("bad") / "manifest.yaml").write_text("code: bad\nbinray: ./run\n")
    served = ide("--exit-on-stdin-eof", "--log-level", "debug")
    told = served.said()
    waited = subprocess.run(
        [sys.executable, "-m", "runtime_manager", "wait", "loud", "--home", str(home.root)],
        env=environment(),
        check=False,
        timeout=ANSWER_S,
    )
    assert waited.returncode == 0
    attached = ide()
    assert attached.said()["url"] == told["url"]
    for one in (attached, served):
        assert one.leave() == 0
        assert one.process.stdout is not None
        assert one.process.stdout.read() == b""


def test_a_file_that_a_killed_daemon_left_is_not_believed(
    home: HomeFolder, start_daemon: Callable[..., Daemon], ide: Callable[..., Ide]
) -> None:
    daemon = start_daemon()
    daemon.process.kill()
    daemon.process.wait()
    assert read_runtime(home)["pid"] == daemon.process.pid
    said = ide().said()
    assert "existing" not in said
    assert health(said["url"])["pid"] == said["pid"] != daemon.process.pid
    assert os.getpid() != said["pid"]
