"""A daemon as a child process in a home of its own, and what is asked of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from benchmarks import process
from runtime_manager.client.socket_client import SocketClient

BIN = Path(sys.executable).parent
RTM = str(BIN / "rtm")
FAST = (sys.executable, "-I", "-S", str(Path(__file__).with_name("provider.py")))
UPSTREAM = (sys.executable, str(Path(__file__).with_name("upstream.py")))
_PATIENCE_S = 60.0


class Home:
    """A home to be, and the packages in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "providers").mkdir(parents=True)

    def add(self, code: str, program: Sequence[str] = FAST, **fields: object) -> None:
        """A provider that is only started when asked; `fields` are the manifest's."""
        binary, *args = program
        manifest = {
            "code": code,
            "binary": binary,
            "args": [*args, "{port}"],
            "start": "manual",
            "health": {"interval": "1s"},
        }
        folder = self.root / "providers" / code
        folder.mkdir()
        (folder / "manifest.yaml").write_text(yaml.safe_dump(manifest | fields))

    def add_many(self, count: int, **fields: object) -> list[str]:
        """Fast providers; their codes are given."""
        codes = [f"fast-{number}" for number in range(count)]
        for code in codes:
            self.add(code, **fields)
        return codes

    @property
    def log(self) -> Path:
        """The daemon's log: beside the home and not in it, which is watched."""
        return self.root.parent / "serve.log"


class Daemon:
    """A running `serve`, as its announcement describes it. Errors of the client come through."""

    def __init__(self, popen: subprocess.Popen[str]) -> None:
        self.pid = popen.pid
        self.announced = _announcement(popen)
        self.client = SocketClient(self.announced["socket"])
        self.client.get("/healthz")

    @property
    def guard_pid(self) -> int:
        """The guard, which is the child that no provider is."""
        (pid,) = (
            pid
            for pid in process.children(self.pid)
            if any(word.endswith("guard_main.py") for word in process.command(pid))
        )
        return pid

    def token(self) -> str:
        """What the gateway asks for."""
        return Path(self.announced["token_file"]).read_text().strip()

    def ask(self, verb: str, code: str) -> dict[str, Any]:
        """Start or stop one, and wait for the outcome; gives the provider."""
        return self.client.post(f"/api/v1/providers/{code}/{verb}?wait=30s")

    def provider(self, code: str) -> dict[str, Any]:
        """Everything the daemon tells of one."""
        return self.client.get(f"/api/v1/providers/{code}")

    def tasks(self) -> float:
        """How many tasks its event loop has."""
        with self.client.send("GET", "/metrics") as exchange:
            told = dict(line.rpartition(" ")[::2] for line in exchange.lines())
        return float(told["rtm_tasks"])

    def start(self, codes: Iterable[str], *, alongside: Iterable[str] = ()) -> float:
        """Ask for a start of all at once; seconds until the event stream has told of each route.

        Those `alongside` are asked for first, and not waited for.
        """
        return self._all("start", codes, lambda name, _: name == "route.opened", alongside)

    def stop(self, codes: Iterable[str]) -> float:
        """Ask for a stop of all at once; seconds until all have stopped."""
        return self._all("stop", codes, lambda _, event: event["data"].get("to") == "stopped")

    @contextmanager
    def events(self) -> Iterator[Iterator[tuple[str, dict[str, Any]]]]:
        """Names and contents of events from now on, each as soon as it is told."""
        with self.client.send("GET", "/api/v1/events", answer_s=_PATIENCE_S) as exchange:
            events = _parsed(exchange.lines())
            next(events)  # how things stand
            yield events

    def _all(
        self,
        verb: str,
        codes: Iterable[str],
        is_done: Callable[[str, dict[str, Any]], bool],
        alongside: Iterable[str] = (),
    ) -> float:
        missing = set(codes)
        asked = (*alongside, *sorted(missing))
        with self.events() as events:
            begun = time.perf_counter()
            asking = threading.Thread(target=self._ask_for, args=(verb, asked))
            asking.start()
            while missing:
                name, event = next(events)
                if is_done(name, event):
                    missing.discard(event["code"])
            taken = time.perf_counter() - begun
            asking.join()
        return taken

    def _ask_for(self, verb: str, codes: Iterable[str]) -> None:
        for code in codes:
            self.client.post(f"/api/v1/providers/{code}/{verb}")


@contextmanager
def temporary_home() -> Iterator[Home]:
    """A home that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="rtm-bench-") as folder:
        yield Home(Path(folder) / "home")


@contextmanager
def running(home: Home) -> Iterator[Daemon]:
    """A daemon on `home`, ended and reaped afterwards."""
    popen = start_serve(home)
    try:
        yield Daemon(popen)
    finally:
        end_serve(popen)


def start_serve(home: Home) -> subprocess.Popen[str]:
    """`serve` on a free port, told to announce itself; its log goes to a file beside `home`."""
    words = (RTM, "serve", "--home", str(home.root), "--listen", "127.0.0.1:0")
    with home.log.open("ab") as log:
        return subprocess.Popen(
            [*words, "--announce", "json"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environment(),
        )


def end_serve(popen: subprocess.Popen[str]) -> None:
    """Ask it to stop and reap it."""
    popen.terminate()
    popen.wait(_PATIENCE_S)
    if popen.stdout is not None:
        popen.stdout.close()


def environment() -> dict[str, str]:
    """Ours, without what would steer a daemon."""
    return {name: text for name, text in os.environ.items() if not name.startswith("RTM_")}


def _announcement(popen: subprocess.Popen[str]) -> dict[str, Any]:
    line = popen.stdout.readline() if popen.stdout else ""
    if not line:
        raise RuntimeError("serve ended before it announced itself")
    return dict(json.loads(line))


def _parsed(lines: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Server-sent events (HTML standard, 9.2); ours have one line of data each."""
    name = ""
    for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))
