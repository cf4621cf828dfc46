"""One daemon takes over from another: what its clients see, and what stays as it was."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from runtime_manager.client.socket_client import SocketClient
from tests.system.child import ANSWER_S, Daemon, HomeFolder, environment


class Callers:
    """Ask in loops, each request on a connection of its own; what came of it is counted."""

    def __init__(self, daemon: Daemon, *paths: str) -> None:
        self.outcomes: Counter[str] = Counter()
        self.longest_s = 0.0
        self._daemon = daemon
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(path,)) for path in paths]

    @contextmanager
    def calling(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            for thread in self._threads:
                thread.join()

    def _ask(self, path: str) -> None:
        while not self._is_over.is_set():
            began = time.monotonic()
            try:
                outcome = f"{path} {self._daemon.ask(path).status}"
            except (OSError, http.client.HTTPException) as exc:
                outcome = f"{path} {type(exc).__name__}"
            self.outcomes[outcome] += 1
            self.longest_s = max(self.longest_s, time.monotonic() - began)


class Keepers(Callers):
    """Ask in loops, each on one connection for as long as that lasts."""

    def _ask(self, path: str) -> None:
        connection = http.client.HTTPConnection(self._daemon.authority, timeout=ANSWER_S)
        while not self._is_over.is_set():
            try:
                connection.request("GET", path, headers={"X-RTM-Token": self._daemon.token})
                response = connection.getresponse()
                response.read()
                outcome = f"{path} {response.status}"
            except (OSError, http.client.HTTPException) as exc:
                outcome = f"{path} {type(exc).__name__}"
                connection.close()
            self.outcomes[outcome] += 1
        connection.close()


def stop(owner: Daemon, *attached: Daemon) -> None:
    """Stop the daemon there is; those that were before it, and hold it since, end with it."""
    assert owner.stop() == 0
    for daemon in attached:
        assert daemon.process.wait(timeout=ANSWER_S) == 0


def test_nobody_is_refused_while_one_takes_over(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    home.add("busy")
    old = start_daemon()
    old.wait_for("busy")
    callers = Callers(old, "/api/v1/busy/x", "/healthz", "/api/v1/providers")
    with callers.calling():
        new = start_daemon("--replace")
        new.wait_for("busy")
    print(f"outcomes {dict(callers.outcomes)}, longest {callers.longest_s:.2f} s")
    assert {outcome.split()[1] for outcome in callers.outcomes} == {"200"}
    assert new.process.pid != old.process.pid
    kept = ("url", "socket", "token_file")
    assert [new.announced[name] for name in kept] == [old.announced[name] for name in kept]
    assert new.token == old.token
    assert new.ask("/healthz").json["pid"] == new.process.pid
    assert len(home.alive()) == 1
    stop(new, old)


def test_a_connection_that_is_kept_passes_to_who_takes_over(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    home.add("busy")
    old = start_daemon()
    old.wait_for("busy")
    idle = http.client.HTTPConnection(old.authority, timeout=ANSWER_S)
    keepers = Keepers(old, "/api/v1/busy/x", "/healthz", "/api/v1/busy/y")
    idle.request("GET", "/healthz")
    assert json.loads(idle.getresponse().read())["pid"] == old.process.pid
    port = idle.sock.getsockname()
    with keepers.calling():
        new = start_daemon("--replace")
        new.wait_for("busy")
    print(f"kept connections: {dict(keepers.outcomes)}")
    assert {outcome.split()[1] for outcome in keepers.outcomes} == {"200"}
    idle.request("GET", "/healthz")
    assert json.loads(idle.getresponse().read())["pid"] == new.process.pid
    assert idle.sock.getsockname() == port
    idle.close()
    stop(new, old)


def test_a_stream_goes_on_for_as_long_as_the_drain_and_is_then_cut(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    home.add("stream", stop={"drain": "500ms", "grace": "2s"})
    old = start_daemon()
    old.wait_for("stream")
    connection = http.client.HTTPConnection(urlsplit(old.url).netloc, timeout=ANSWER_S)
    path = "/api/v1/stream/stream?s=0.02"
    connection.request("GET", path, headers={"X-RTM-Token": old.token})
    response = connection.getresponse()
    assert response.status == 200
    with old.watch() as watch:
        new = start_daemon("--replace")
        told = watch.to_the_end()
    assert told[-1]["name"] == "daemon.stopping"
    with pytest.raises(http.client.IncompleteRead):
        response.read()
    connection.close()
    new.wait_for("stream")
    assert new.ask("/api/v1/stream/").status == 200
    stop(new, old)


def test_a_bad_setting_leaves_the_old_one_as_it_is(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    old = start_daemon()
    (home.root / "config.yaml").write_text("litsen: x\n")
    refused = old.rtm("serve", "--replace")
    assert refused.returncode == 78
    assert "litsen" in refused.stderr
    assert old.ask("/healthz").json["pid"] == old.process.pid


def test_where_no_daemon_runs_it_is_the_daemon(start_daemon: Callable[..., Daemon]) -> None:
    daemon = start_daemon("--replace")
    assert daemon.ask("/healthz").json["pid"] == daemon.process.pid


def test_the_old_one_goes_on_when_its_heir_dies_over_it(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    home.add("slow", "--port", "{port}", "--term-delay", "1", stop={"grace": "5s"})
    old = start_daemon()
    old.wait_for("slow")
    pid = old.provider("slow")["pid"]
    with (
        subprocess.Popen(
            [sys.executable, "-m", "runtime_manager", "serve", "--replace"],
            env=environment(CORE_HOME=str(home.root)),
            stderr=subprocess.DEVNULL,
        ) as heir,
        old.watch() as watch,
    ):
        watch.until("slow", "stopping")
        heir.kill()
    assert old.ask("/healthz").json["pid"] == old.process.pid
    old.wait_for("slow")
    assert old.provider("slow")["pid"] != pid
    new = start_daemon("--replace")
    assert new.ask("/healthz").json["pid"] == new.process.pid
    stop(new, old)


def test_one_daemon_after_the_other_takes_over_and_who_holds_them_is_not_lost(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    first = start_daemon("--exit-on-stdin-eof")
    attached = start_daemon()
    assert attached.announced["existing"]
    headers = {"Content-Type": "application/json"}
    body = json.dumps({"name": "a script", "ttl": "1h"}).encode()
    lease = first.ask("/api/v1/leases", method="POST", headers=headers, body=body).json
    second = start_daemon("--replace")
    third = start_daemon("--replace")
    leases = SocketClient(third.announced["socket"]).get("/api/v1/leases")
    while sum(x["kind"] == "connection" for x in leases["leases"]) < 3:
        leases = SocketClient(third.announced["socket"]).get("/api/v1/leases")
    assert lease["id"] in [x["id"] for x in leases["leases"]]
    assert [d.process.poll() for d in (first, attached, second, third)] == [None] * 4
    assert third.ask("/healthz").json["pid"] == third.process.pid
    stop(third, first, attached, second)


def test_asked_to_end_while_it_hands_over_it_hands_over_at_once(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    home.add("stubborn", "--port", "{port}", "--ignore-term", stop={"grace": "10m"})
    old = start_daemon()
    old.wait_for("stubborn")
    with old.watch() as watch:
        heir = subprocess.Popen(
            [sys.executable, "-m", "runtime_manager", "serve", "--replace", "--announce", "json"],
            env=environment(CORE_HOME=str(home.root)),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        with heir:
            watch.until("stubborn", "stopping")
            old.process.send_signal(signal.SIGTERM)
            assert heir.stdout is not None
            assert json.loads(heir.stdout.readline())["pid"] == heir.pid
            heir.send_signal(signal.SIGTERM)
            heir.send_signal(signal.SIGTERM)
        assert old.process.wait(timeout=ANSWER_S) == 0
