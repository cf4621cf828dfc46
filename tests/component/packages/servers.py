"""A web server of canned answers, over http or TLS, on an address of the loopback network."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Canned:
    """One answer; `promised` is a Content-Length that is not that of the body."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    promised: int | None = None


class Server(http.server.ThreadingHTTPServer):
    """Answers by path; `asked` are the requests, in order."""

    daemon_threads = False
    block_on_close = True

    def __init__(self, address: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> None:
        super().__init__((address, 0), _Answering)
        self.answers: dict[str, Canned | Callable[[dict[str, str]], Canned]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.scheme = "https" if tls else "http"
        self.tls = tls
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self._thread.start()

    def url(self, path: str, host: str | None = None) -> str:
        return f"{self.scheme}://{host or self.server_address[0]}:{self.server_port}{path}"

    def get_request(self) -> tuple[Any, Any]:
        plain, address = super().get_request()
        plain.settimeout(5)
        if self.tls is None:
            return plain, address
        try:
            return self.tls.wrap_socket(plain, server_side=True), address
        except OSError:
            plain.close()
            raise

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is none of ours."""

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Answering(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        answer = self.server.answers.get(self.path, Canned(b"no", 404))
        if callable(answer):
            answer = answer(dict(self.headers))
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        length = len(answer.body) if answer.promised is None else answer.promised
        if "Transfer-Encoding" not in answer.headers:
            self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Quiet."""
