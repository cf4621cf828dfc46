"""A daemon of canned answers on a real Unix socket, and what a call of the command line says."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

from runtime_manager.model.home import Home

COOL: dict[str, Any] = {
    "code": "cool",
    "name": "Cool",
    "basePath": "/api/v1/cool",
    "namespace": "/api/v1/cool",
    "url": "http://127.0.0.1:9880/api/v1/cool/",
    "status": "active",
    "state": "ready",
    "wanted": "up",
    "version": "1.10",
    "generation": 2,
    "pid": 4711,
    "endpoint": "127.0.0.1:40001",
    "cause": None,
    "restarts": 1,
    "since": (datetime.now(UTC) - timedelta(hours=2, minutes=9)).isoformat(),
    "start": "auto",
    "manifest_error": None,
}
BROKEN: dict[str, Any] = {
    **COOL,
    "code": "broken",
    "name": "Broken",
    "state": "failed",
    "status": "failed",
    "pid": None,
    "endpoint": None,
    "cause": {
        "kind": "exited",
        "message": "exit code 3 before it was ready",
        "hint": "rtm logs broken shows its output",
    },
    "restarts": 5,
}
BROKEN_IN_FULL: dict[str, Any] = {
    **BROKEN,
    "last_probe": "connection refused",
    "last_exit": "exit code 3",
    "stderr_tail": ["Traceback (most recent call last):", "KeyError: 'PORT'\x1b[31m"],
    "folder": "/srv/providers/broken",
    "depends_on": ["cool"],
    "description": "falls over",
    "usage": None,
}
COOL_IN_FULL: dict[str, Any] = {
    **COOL,
    "last_probe": "200",
    "last_exit": None,
    "stderr_tail": ["serving"],
    "folder": "/srv/providers/cool",
    "depends_on": [],
    "description": "",
    "started_in_s": 0.2345,
    "usage": {"processes": 2, "rss_bytes": 34603008, "cpu_seconds": 0.52, "threads": 3},
}
UNKNOWN = {
    "type": "about:blank",
    "title": "Unknown code",
    "status": 404,
    "detail": "no provider has the code 'col'",
    "code": "unknown-code",
    "hint": "did you mean cool?",
}


@dataclass
class Answer:
    """What the daemon answers: a document, or pieces that are sent one chunk each."""

    document: object = None
    status: int = 200
    pieces: list[bytes] = field(default_factory=list)
    is_held: bool = False  # after the pieces the stream stays open until the caller leaves


class CannedDaemon(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Answers by (method, target with its query); notes what it was asked."""

    daemon_threads = True
    block_on_close = True

    def __init__(self, home: Home) -> None:
        home.run.mkdir(parents=True, exist_ok=True)
        home.sockets.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.answers: dict[tuple[str, str], Answer] = {}
        self.asked: list[tuple[str, str, object]] = []
        self.all_asked = threading.Barrier(1)
        self.is_closing = threading.Event()
        super().__init__(str(home.api_socket), _Handler)
        facts = {
            "url": "http://127.0.0.1:9880",
            "socket": str(home.api_socket),
            "pid": 4242,
            "started_at": 1748779200.0,
            "version": "0.0.9",
            "token_file": str(home.token),
            "nonce": "n",
            "api": 1,
        }
        home.runtime_json.write_text(json.dumps(facts))

    def answer(self, method: str, target: str, document: object = None, **more: Any) -> None:
        self.answers[method, target] = Answer(document, **more)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: CannedDaemon

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        self.server.asked.append((self.command, self.path, body))
        answer = self.server.answers.get((self.command, self.path)) or Answer(UNKNOWN, status=404)
        if self.command == "POST":
            self.server.all_asked.wait(timeout=10)
        if answer.pieces or answer.is_held:
            self._stream(answer)
        else:
            self._whole(answer)

    def _whole(self, answer: Answer) -> None:
        payload = json.dumps(answer.document).encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(payload)
        self.close_connection = True

    def _stream(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in answer.pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        if answer.is_held:
            self.connection.settimeout(30)
            self.rfile.read(1)  # the end of the caller's side
        else:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = True


@dataclass(frozen=True)
class Said:
    """What one call said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Rtm = Callable[..., Said]
