"""What is done to a daemon during the soak, each kind by a thread of its own."""

from __future__ import annotations

import http.client
import json
import os
import socket
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from benchmarks.ground import Daemon, Home
from runtime_manager.cli.live_installation import installation_of
from runtime_manager.client.failures import ProblemError
from runtime_manager.model import home as model
from runtime_manager.packages.candidate import LocalPackage, staged

CODES = tuple(f"soak-{number}" for number in range(6))
STEADY, CRASHING, RESTARTED, EDITED = CODES[:3], CODES[3], CODES[4], CODES[5]
PACKAGE = "package"
_PROGRAM = Path(__file__).with_name("soak_provider.py")
_PATIENCE_S = 60.0
_HEALTH = {"interval": 0.05, "timeout": 5}
_RESTART = {"delay": 0.05, "max_delay": 0.2, "max": 1000, "settle": 0.1}
_CONFIG = "log: {level: warning}\nlogs: {max_size: 256KiB, files: 3}\npackages: {settle: 100ms}\n"
_OFTEN = 20


def furnish(home: Home) -> None:
    """Providers that are probed twenty times a second, and settings that let logs rotate soon."""
    (home.root / "config.yaml").write_text(_CONFIG)
    for code in CODES:
        home.add(code, (sys.executable, "-I", "-S", str(_PROGRAM)), **_fields())


def _fields() -> dict[str, object]:
    return {"health": _HEALTH | {"path": "/health"}, "restart": _RESTART}


class Stage:
    """The daemon, and how often what has been done to it."""

    def __init__(self, home: Home, daemon: Daemon) -> None:
        self.home = home
        self.daemon = daemon
        self.done: Counter[str] = Counter()
        self.authority = urlsplit(daemon.announced["url"]).netloc
        self.token = daemon.token()
        self._probes: dict[int, int] = {}
        self._lock = threading.Lock()

    def keep(self, work: tuple[str, float, Work], over: threading.Event) -> None:
        """Do one kind of work, with a pause after each, until it is over."""
        what, pause_s, do = work
        for turn in count():
            if over.wait(pause_s):
                return
            try:
                do(self, turn)
            except (OSError, http.client.HTTPException, ProblemError) as exc:
                self._count_failure(f"{what}: {type(exc).__name__}", exc)
            else:
                with self._lock:
                    self.done[what] += 1

    def _count_failure(self, what: str, exc: Exception) -> None:
        """Some are meant, such as a request to what has just crashed; the first is told whole."""
        with self._lock:
            self.done[what] += 1
            is_first = self.done[what] == 1
        if is_first:
            print("".join(traceback.format_exception(exc)), file=sys.stderr, flush=True)

    def tasks(self) -> float:
        """Tasks of the daemon's loop, as it tells."""
        self._count_probes()
        with self.daemon.client.send("GET", "/metrics") as exchange:
            for line in exchange.lines():
                if line.startswith("rtm_tasks "):
                    return float(line.split()[1])
        raise ValueError("the daemon tells no rtm_tasks")

    def counted_by_daemon(self) -> Counter[str]:
        """What happened by itself."""
        spawns = sum(int(self.daemon.provider(code)["generation"]) for code in CODES)
        return Counter({"probes (at least)": sum(self._probes.values()), "spawns": spawns})

    @contextmanager
    def connection(self) -> Iterator[http.client.HTTPConnection]:
        """To the gateway."""
        made = http.client.HTTPConnection(self.authority, timeout=_PATIENCE_S)
        try:
            yield made
        finally:
            made.close()

    def ask(
        self,
        connection: http.client.HTTPConnection,
        path: str,
        *,
        method: str = "GET",
        body: bytes | None = None,
        **headers: str,
    ) -> http.client.HTTPResponse:
        """One request with the token; the caller reads the answer."""
        sent = {"X-RTM-Token": self.token, **headers}
        connection.request(method, f"/api/v1/{path}", body=body, headers=sent)
        return connection.getresponse()

    def _count_probes(self) -> None:
        """By what each generation tells of itself; the last moments of each are lost."""
        with self.connection() as connection:
            for code in CODES:
                answer = self.ask(connection, f"{code}/asked")
                text = answer.read()
                if answer.status == http.client.OK:
                    told = json.loads(text)
                    self._probes[told["pid"]] = told["probes"]


Work = Callable[[Stage, int], None]


def get(stage: Stage, turn: int) -> None:
    """Requests on one connection."""
    with stage.connection() as connection:
        for _ in range(_OFTEN):
            stage.ask(connection, f"{STEADY[turn % len(STEADY)]}/page").read()


def post(stage: Stage, turn: int) -> None:
    """A body there and back."""
    with stage.connection() as connection:
        answer = stage.ask(connection, f"{STEADY[0]}/echo", method="POST", body=bytes(50_000))
        if len(answer.read()) != 50_000:
            raise http.client.HTTPException("the body came back otherwise")


def stream(stage: Stage, turn: int) -> None:
    """A stream, left after its first bytes."""
    with stage.connection() as connection:
        stage.ask(connection, f"{STEADY[1]}/stream").read(50)


def websocket(stage: Stage, turn: int) -> None:
    """A tunnel, used and dropped."""
    host, port = stage.authority.rsplit(":", 1)
    head = (
        f"GET /api/v1/{STEADY[2]}/socket HTTP/1.1\r\nHost: {stage.authority}\r\n"
        f"X-RTM-Token: {stage.token}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=_PATIENCE_S) as sock:
        sock.sendall(head.encode())
        if b" 101 " not in sock.recv(65536):
            raise http.client.HTTPException("no tunnel")
        sock.sendall(b"\x81\x00" * 10)
        sock.recv(20)


def crash(stage: Stage, turn: int) -> None:
    """A crash, seen by a caller; the next one finds it up again."""
    with stage.connection() as connection:
        stage.ask(connection, f"{CRASHING}/page").read()  # waits for it to be up
    with stage.connection() as connection:
        stage.ask(connection, f"{CRASHING}/crash").read()


def restart(stage: Stage, turn: int) -> None:
    """A restart, waited for."""
    stage.daemon.ask("restart", RESTARTED)


def reload(stage: Stage, turn: int) -> None:
    """An edit: of a label, of a time-out, and of what needs a restart, in turns."""
    changes: tuple[dict[str, object], ...] = (
        {"name": f"name {turn}"},
        {"health": _HEALTH | {"path": "/health", "timeout": 5 + turn % 7}},
        {"env": {"TURN": str(turn)}},
    )
    path = stage.home.root / "providers" / EDITED / "manifest.yaml"
    manifest = yaml.safe_load(path.read_text()) | changes[turn % len(changes)]
    new = path.with_suffix(".new")
    new.write_text(yaml.safe_dump(manifest))
    new.replace(path)
    stage.daemon.client.post("/api/v1/reload")


def upgrade(stage: Stage, turn: int) -> None:
    """Another version of a package, which has to prove itself; uninstalled now and then."""
    home = model.Home(stage.home.root)
    installation = installation_of(home, str(home.root))
    if turn % _OFTEN == _OFTEN - 1:
        installation.uninstall(PACKAGE, purge=True)
        return
    folder = stage.home.root / "given" / str(turn % 2)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "program.py").write_bytes(_PROGRAM.read_bytes())
    manifest: Mapping[str, object] = {
        "code": PACKAGE,
        "version": f"1.{turn}.0",
        "binary": sys.executable,
        "args": ["program.py", "{port}"],
        **_fields(),
    }
    (folder / "manifest.yaml").write_text(yaml.safe_dump(dict(manifest)))
    with staged(home, LocalPackage(folder, str(folder))) as candidate:
        installation.install(candidate)


def lease(stage: Stage, turn: int) -> None:
    """A client that comes, renews and goes; every other one leaves without a word."""
    body = {"ttl": "1s", "name": f"client {os.getpid()}"}
    with stage.daemon.client.send("POST", "/api/v1/leases", body=body) as exchange:
        taken = exchange.document()["id"]
    stage.daemon.client.post(f"/api/v1/leases/{taken}")
    if turn % 2:
        with stage.daemon.client.send("DELETE", f"/api/v1/leases/{taken}"):
            pass


def watch(stage: Stage, turn: int) -> None:
    """A reader of the event stream and of a log, who leaves in the middle."""
    path = "/api/v1/events" if turn % 2 else f"/api/v1/providers/{STEADY[0]}/logs?follow=1"
    with stage.daemon.client.send("GET", path) as exchange:
        next(iter(exchange.lines()))


def look(stage: Stage, turn: int) -> None:
    """What a dashboard asks."""
    stage.daemon.client.get("/api/v1/providers")
    stage.daemon.provider(STEADY[turn % len(STEADY)])


WORK: tuple[tuple[str, float, Work], ...] = (
    (f"times {_OFTEN} GET", 0.05, get),
    ("POST of 50 kB", 0.05, post),
    ("streams dropped", 0.1, stream),
    ("WebSockets dropped", 0.1, websocket),
    ("crashes", 0.5, crash),
    ("restarts", 0.5, restart),
    ("reloads with an edit", 0.5, reload),
    ("upgrades", 2.0, upgrade),
    ("leases", 0.1, lease),
    ("readers of events and logs dropped", 0.2, watch),
    ("looks of a dashboard", 0.25, look),
)
"""What it is called, the pause after each, and what does it."""
