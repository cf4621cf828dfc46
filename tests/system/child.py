"""The daemon as a child process in a home of its own, and what a client can ask of it."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import yaml

REPOSITORY = Path(__file__).parents[2]
FAKE = REPOSITORY / "tests" / "providers" / "fake" / "fake_provider.py"
EXAMPLES = REPOSITORY / "examples" / "providers"
ANSWER_S = 30.0
"""Longer than anything here takes: what waits this long has failed."""


class HomeFolder:
    """A home to be, and the packages in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "providers").mkdir(parents=True)

    @property
    def marker(self) -> str:
        """What the environment of every process of this home begins its RTM_INSTANCE with."""
        return hashlib.sha256(os.fsencode(self.root.resolve())).hexdigest()[:10] + "/"

    def add(self, code: str, *args: str, **fields: object) -> Path:
        """Install a fake provider; `fields` are the manifest's. Its folder is given."""
        fake = {"binary": sys.executable, "args": [str(FAKE), *(args or ("--port", "{port}"))]}
        folder = self.root / "providers" / code
        folder.mkdir()
        (folder / "manifest.yaml").write_text(yaml.safe_dump({"code": code, **fake, **fields}))
        return folder

    def add_folder(self, source: Path, *, without: str = "") -> Path:
        """Install a copy of a package, without the files called so."""
        leave = shutil.ignore_patterns(without)
        return Path(shutil.copytree(source, self.root / "providers" / source.name, ignore=leave))

    def data(self, code: str) -> Path:
        folder = self.root / "data" / code
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def alive(self) -> dict[int, list[str]]:
        """Every live process that carries this home's marker, with its command line."""
        found = {}
        for process in psutil.process_iter():
            try:
                marker = process.environ().get("RTM_INSTANCE", "")
                is_dead = process.status() == psutil.STATUS_ZOMBIE
                if marker.startswith(self.marker) and not is_dead:
                    found[process.pid] = process.cmdline()
            except psutil.Error:
                continue
        return found


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back of one request."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Daemon:
    """A running `serve`, as its announcement describes it."""

    def __init__(self, home: HomeFolder, process: subprocess.Popen[str], env: Mapping[str, str]):
        assert process.stdout is not None
        self.home = home
        self.process = process
        self.env = env
        line = process.stdout.readline()
        assert line, "serve ended before it announced itself"
        self.announced: dict[str, Any] = json.loads(line)
        self.url: str = self.announced["url"]
        self.token = Path(self.announced["token_file"]).read_text().strip()
        self.authority = urlsplit(self.url).netloc

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        host: str | None = None,
        has_token: bool = True,
    ) -> Answer:
        """One request through the gateway; `host` stands for the URL's own."""
        connection = http.client.HTTPConnection(self.authority, timeout=ANSWER_S)
        sent = dict(headers or {})
        if has_token:
            sent["X-RTM-Token"] = self.token
        if host is not None:
            sent["Host"] = host
        try:
            connection.request(method, path, body=body, headers=sent)
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, named, response.read())
        finally:
            connection.close()

    def name(self, code: str) -> str:
        """The Host by which a provider is reached without a prefix."""
        return f"{code}.localhost:{urlsplit(self.url).port}"

    def rtm(self, *args: str) -> subprocess.CompletedProcess[str]:
        """The command line on this home."""
        return subprocess.run(
            [sys.executable, "-m", "runtime_manager", *args, "--home", str(self.home.root)],
            capture_output=True,
            text=True,
            timeout=60,
            env=self.env,
            check=False,
        )

    def do(self, verb: str, code: str, *, wait: str = "20s") -> Answer:
        """Start, stop or restart a provider, and wait for the outcome."""
        path = f"/api/v1/providers/{code}/{verb}?wait={wait}"
        return self.ask(path, method="POST", headers={"Content-Type": "application/json"})

    def provider(self, code: str) -> dict[str, Any]:
        """Everything the daemon tells of one provider."""
        answer = self.ask(f"/api/v1/providers/{code}")
        assert answer.status == 200, answer.text
        return dict(answer.json)

    def wait_for(self, *codes: str, state: str = "ready") -> None:
        """Return once all are in `state`, by the command line's `wait`."""
        waited = self.rtm("wait", *codes, "--state", state, "--timeout", "30s")
        assert waited.returncode == 0, waited.stderr

    @contextmanager
    def watch(self) -> Iterator[Watch]:
        """The event stream, from how things stand now."""
        connection = http.client.HTTPConnection(self.authority, timeout=ANSWER_S)
        try:
            connection.request("GET", "/api/v1/events", headers={"X-RTM-Token": self.token})
            response = connection.getresponse()
            assert response.status == 200
            yield Watch(response)
        finally:
            connection.close()

    def log(self) -> str:
        """What it has written to its standard error so far."""
        return (self.home.root / "serve.log").read_text()

    def stop(self, signum: int = signal.SIGTERM) -> int:
        """Send a signal to `serve`; its exit code once it has ended."""
        self.process.send_signal(signum)
        return self.process.wait(timeout=ANSWER_S)


class Watch:
    """Reads events as they come; `snapshot` is the first."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self._response = response
        self.snapshot = self._next()[1]

    def next(self) -> dict[str, Any]:
        """The next event, whatever it is."""
        return self._next()[1]

    def until(self, code: str, state: str) -> list[dict[str, Any]]:
        """The events of `code` from here to the one in which it comes to `state`."""
        seen = []
        while True:
            name, event = self._next()
            if event["code"] == code:
                seen.append(event)
                if name == "provider.state" and event["data"]["to"] == state:
                    return seen

    def until_told(self, code: str, *wanted: tuple[str, object]) -> list[dict[str, Any]]:
        """The events from here to where `code` has had all that are wanted (see `tells_of`)."""
        missing, seen = set(wanted), []
        while missing:
            seen.append(self._next()[1])
            if seen[-1]["code"] == code:
                missing -= {one for one in missing if tells_of(seen[-1], *one)}
        return seen

    def until_named(self, wanted: str) -> dict[str, Any]:
        """The next event of that name."""
        while True:
            name, event = self._next()
            if name == wanted:
                return event

    def until_all(self, codes: set[str], state: str) -> list[dict[str, Any]]:
        """The events from here to where each of `codes` has come to `state`."""
        missing, seen = set(codes), []
        while missing:
            name, event = self._next()
            seen.append(event)
            if name == "provider.state" and event["data"]["to"] == state:
                missing.discard(event["code"])
        return seen

    def to_the_end(self) -> list[dict[str, Any]]:
        """Every event until the daemon ends the stream."""
        seen = []
        while True:
            try:
                seen.append(self._next()[1])
            except EOFError:
                return seen

    def _next(self) -> tuple[str, dict[str, Any]]:
        name = ""
        while line := self._response.readline().decode():
            if line.startswith("event: "):
                name = line.removeprefix("event: ").strip()
            elif line.startswith("data: "):
                return name, json.loads(line.removeprefix("data: "))
        raise EOFError


def tells_of(event: Mapping[str, Any], name: str, said: object) -> bool:
    """Whether an event has this name, and says this in its data."""
    return event["name"] == name and said in event["data"].values()


def environment(**more: str) -> dict[str, str]:
    """This process's own, without what would steer the daemon."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RTM_")}
    kept.pop("CORE_HOME", None)
    return kept | more


def serve(home: HomeFolder, *flags: str, under: tuple[str, ...] = (), **env: str) -> Daemon:
    """Start `serve` on a free port; back as soon as it has announced itself.

    `under` are the words of a program that starts it in its own place, such as setpriv(1).
    """
    environ = environment(**env)
    with (home.root / "serve.log").open("ab") as log:
        process = subprocess.Popen(
            [
                *(*under, sys.executable, "-m", "runtime_manager", "serve"),
                *("--home", str(home.root), "--listen", "127.0.0.1:0", "--announce", "json"),
                *("--parent-pid", str(os.getpid())),  # a run that is killed leaves no daemon
                *flags,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environ,
        )
    try:
        return Daemon(home, process, environ)
    except BaseException:
        process.kill()
        process.wait()
        process.stdout.close()
        raise


def wait_until_none_alive(home: HomeFolder, *, within_s: float) -> None:
    """Wait for every process of `home` to end; each wait is for a process, not for a while."""
    alive = [psutil.Process(pid) for pid in home.alive() if psutil.pid_exists(pid)]
    psutil.wait_procs(alive, timeout=within_s)
    left = home.alive()
    assert not left, f"alive after {within_s:g} s: {left}"
