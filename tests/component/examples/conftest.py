"""Starts an example program as its manifest says, with a hand-written stand-in for the daemon."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

EXAMPLES = Path(__file__).parents[3] / "examples" / "providers"
START_TRIES = 500


@dataclass(frozen=True, slots=True)
class Example:
    """A running example; `address` is host and port, or a socket's path."""

    process: subprocess.Popen[bytes]
    address: tuple[str, int] | Path

    @property
    def url(self) -> str:
        host, port = self._tcp
        return f"http://{host}:{port}"

    @property
    def _tcp(self) -> tuple[str, int]:
        assert isinstance(self.address, tuple)
        return self.address

    def fetch(
        self,
        path: str,
        *,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, str]:
        """Ask once; the status and the body's text."""
        with self.connection() as connection:
            connection.request(method, path, body=body, headers=dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def connection(self) -> Connection:
        return Connection(self.address)

    def stop(self, signum: int = signal.SIGTERM) -> int:
        """Ask it to end; its exit code."""
        self.process.send_signal(signum)
        return self.process.wait(timeout=5)


class Connection(http.client.HTTPConnection):
    """A connection to a port or a Unix socket, closed by `with`."""

    def __init__(self, address: tuple[str, int] | Path) -> None:
        super().__init__("127.0.0.1", timeout=5)
        self._address = address

    def connect(self) -> None:
        if isinstance(self._address, tuple):
            self.sock = socket.create_connection(self._address, timeout=5)
            return
        self.sock = socket.socket(socket.AF_UNIX)
        try:
            self.sock.connect(str(self._address))
        except OSError:
            self.close()
            raise

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def command(code: str, variables: Mapping[str, str]) -> list[str]:
    """The command line of an example, as DESIGN's rules make it from the manifest."""
    folder = EXAMPLES / code
    manifest = yaml.safe_load((folder / "manifest.yaml").read_text())
    args = [arg.format_map(variables) for arg in manifest.get("args", ())]
    is_told = any(name in "".join(manifest.get("args", ())) for name in ("{port}", "{socket}"))
    if manifest.get("append_args", True) and not is_told:
        args += ["--namespace", variables["namespace"], "--port", variables["port"]]
    binary = manifest["binary"]
    program = str(folder / binary) if "/" in binary else shutil.which(binary)
    if program is None:
        pytest.skip(f"{binary} is not installed")
    return [program, *args]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def wait_until_it_answers(example: Example) -> None:
    """Return once /health answers 200; the process ending first is a failure."""
    for _ in range(START_TRIES):
        try:
            status, _body = example.fetch("/health")
        except OSError:
            pass
        else:
            assert status == 200
            return
        with pytest.raises(subprocess.TimeoutExpired):
            example.process.wait(timeout=0.02)
    pytest.fail("it never answered")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Example]]:
    """A function that starts the example of a code and waits for it; killed after the test."""
    with ExitStack() as stack:

        def start_example(code: str, **env: str) -> Example:
            port = free_port()
            variables = {
                "host": "127.0.0.1",
                "port": str(port),
                "socket": str(tmp_path / "p.sock"),
                "namespace": f"/api/v1/{code}",
                "provider_dir": str(EXAMPLES / code),
                "data_dir": str(tmp_path),
                "code": code,
            }
            process = stack.enter_context(
                subprocess.Popen(
                    command(code, variables),
                    env={"PATH": os.environ["PATH"], "HOST": "127.0.0.1", "PORT": str(port)} | env,
                    cwd=EXAMPLES / code,
                    stderr=subprocess.PIPE,
                )
            )
            stack.callback(process.kill)
            address = tmp_path / "p.sock" if code == "unix" else ("127.0.0.1", port)
            example = Example(process, address)
            wait_until_it_answers(example)
            return example

        yield start_example
