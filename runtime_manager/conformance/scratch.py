"""A scratch home with a daemon on it: a real `serve` as a child, of which nothing is left."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from runtime_manager.conformance.answers import ANSWER_S, Answer, NoAnswerError, ask
from runtime_manager.conformance.processes import Member, kill_rest
from runtime_manager.errors import DaemonError
from runtime_manager.model.home import Home

_UP_S = 30.0
_END_S = 40.0
_NOT_OURS = ("RTM_", "CORE_HOME", "NOTIFY_SOCKET", "LISTEN_", "WATCHDOG_")


class ScratchHome:
    """A home that holds some packages by symlink; gone when it is left, with all in `seen`."""

    def __init__(self, packages: Iterable[Path], *, wait_s: float) -> None:
        self._folder = tempfile.mkdtemp(prefix="rtm-check-")
        self.home = Home.locate(self._folder, _environment(os.environ))
        self.seen: set[Member] = set()
        self.home.providers.mkdir()
        for package in packages:
            _link(self.home.providers, package)
        # JSON is YAML; a request waits as long as a start may take.
        self.home.config.write_text(json.dumps({"gateway": {"wait": f"{wait_s:g}s"}}))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        kill_rest(self.seen)
        for folder in {self._folder, str(self.home.sockets)}:
            shutil.rmtree(folder, ignore_errors=True)

    @contextlib.contextmanager
    def daemon(self) -> Iterator[ScratchDaemon]:
        """A daemon on the home, ended as it would be by its user. Raises DaemonError."""
        with (self.home.root / "serve.log").open("ab") as log:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "runtime_manager", "serve", "--home", self._folder),
                    *("--listen", "127.0.0.1:0", "--announce", "json", "--exit-on-stdin-eof"),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=_environment(os.environ),
                start_new_session=True,  # Ctrl-C is for us, who end it
            )
        try:
            yield ScratchDaemon(_announced(process, self.home))
        finally:
            _end(process)


class ScratchDaemon:
    """What can be asked of the daemon on a scratch home."""

    def __init__(self, announced: Mapping[str, Any]) -> None:
        self.url = str(announced["url"])
        self.authority = urlsplit(self.url).netloc
        self._token = Path(announced["token_file"]).read_text(encoding="utf-8").strip()

    def named(self, code: str) -> str:
        """The Host by which a provider is reached without its prefix."""
        return f"{code}.localhost:{urlsplit(self.url).port}"

    def ask(
        self, path: str, *, method: str = "GET", host: str | None = None, answer_s: float = ANSWER_S
    ) -> Answer:
        """One request through the gateway. Raises NoAnswerError."""
        headers = {"X-RTM-Token": self._token} | ({"Host": host} if host else {})
        if method == "POST":
            headers["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection(self.authority, timeout=answer_s)
        return ask(connection, path, method=method, headers=headers)

    def provider(self, code: str) -> dict[str, Any]:
        """All that the daemon knows of a provider. Raises NoAnswerError."""
        return _document(self.ask(f"/api/v1/providers/{code}"))

    def do(self, deed: str, code: str, *, wait_s: float) -> dict[str, Any]:
        """Start, stop or restart it, wait for the outcome, and give what it is then."""
        path = f"/api/v1/providers/{code}/{deed}?wait={wait_s:g}s"
        self.ask(path, method="POST", answer_s=wait_s + ANSWER_S)
        return self.provider(code)


def _link(providers: Path, package: Path) -> None:
    place, number = providers / package.name, 1
    while place.exists():
        number += 1
        place = providers / f"{package.name}-{number}"
    place.symlink_to(package)


def _document(answer: Answer) -> dict[str, Any]:
    try:
        return dict(answer.json)
    except (ValueError, TypeError):
        raise NoAnswerError(f"status {answer.status} without a document") from None


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What providers see is what they would see, but nothing steers this daemon to another home."""
    return {name: text for name, text in environ.items() if not name.startswith(_NOT_OURS)}


def _announced(process: subprocess.Popen[bytes], home: Home) -> Mapping[str, Any]:
    line = _line(process, within_s=_UP_S)
    try:
        facts = json.loads(line)
    except ValueError:
        facts = {}
    if facts.get("event") == "listening":
        return dict(facts)
    _end(process)
    log = (home.root / "serve.log").read_text(encoding="utf-8", errors="replace").splitlines()
    said = facts.get("message") or " ".join(log[-3:]) or "it said nothing"
    raise DaemonError(f"the daemon on the scratch home did not start: {said}")


def _line(process: subprocess.Popen[bytes], *, within_s: float) -> bytes:
    if process.stdout is None:
        return b""
    text, until = b"", time.monotonic() + within_s
    while not text.endswith(b"\n"):
        wait_s = max(0.0, until - time.monotonic())
        if not select.select([process.stdout], [], [], wait_s)[0]:
            break
        piece = os.read(process.stdout.fileno(), 65536)
        if not piece:
            break
        text += piece
    return text


def _end(process: subprocess.Popen[bytes]) -> None:
    """Close its standard input, on which it ends; kill it if it does not. Safe to call twice."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    try:
        process.wait(timeout=_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
