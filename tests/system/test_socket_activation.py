"""A socket that outlives the daemon, held as by a service manager: between two nothing is lost."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.system.child import HomeFolder, environment

CREDENTIAL = "chosen-by-the-operator"


@contextmanager
def activated(home: HomeFolder, sock: socket.socket) -> Iterator[None]:
    """`serve` on a socket passed as systemd does; stopped, and gone, at the end."""
    words = [sys.executable, "-m", "runtime_manager", "serve", "--home", str(home.root)]
    passing = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" --announce json 3<&0 </dev/null'
    with (
        (home.root / "serve.log").open("ab") as log,
        subprocess.Popen(
            ["sh", "-c", passing, "sh", *words],
            stdin=sock,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment(CREDENTIALS_DIRECTORY=str(home.root)),
        ) as process,
    ):
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            assert told["url"] == f"http://127.0.0.1:{sock.getsockname()[1]}"
            yield
            process.terminate()
            assert process.wait(timeout=30) == 0
        finally:
            process.kill()


class Load:
    """Asks again and again, each time over a new connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._is_over = threading.Event()
        self._has_asked = threading.Condition()
        self.answers: list[str] = []
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(3)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def await_more(self, count: int) -> None:
        """Return once so many more have been answered."""
        with self._has_asked:
            wanted = len(self.answers) + count
            assert self._has_asked.wait_for(lambda: len(self.answers) >= wanted, timeout=60)

    def _ask(self) -> None:
        while not self._is_over.is_set():
            answer = self._answer()
            with self._has_asked:
                self.answers.append(answer)
                self._has_asked.notify_all()

    def _answer(self) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.request("GET", "/api/v1/one/x", headers={"X-RTM-Token": CREDENTIAL})
            return str(connection.getresponse().status)
        except (OSError, http.client.HTTPException) as exc:
            return repr(exc)
        finally:
            connection.close()


def test_a_restart_on_a_socket_that_stays_fails_no_request(home: HomeFolder) -> None:
    home.add("one")
    (home.root / "token").write_text(CREDENTIAL)
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as sock:
        load = Load(sock.getsockname()[1])
        for _ in range(3):
            with activated(home, sock):
                load.await_more(100)
        with activated(home, sock):
            load.end()
    assert set(load.answers) == {"200"}
