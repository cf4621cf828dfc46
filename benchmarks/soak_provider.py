"""A provider for the soak: answers, streams, echoes WebSocket bytes, crashes when asked.

GET /health and everything else are counted; /asked tells how often, under which pid. Each request
prints a line.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
_PARTS, _GAP_S = 200, 0.01


class Asked(BaseHTTPRequestHandler):
    """One connection, kept alive."""

    protocol_version = "HTTP/1.1"
    wbufsize = 65536  # head and body in one segment
    probes = 0

    def do_GET(self) -> None:
        """See the module."""
        path = self.path.partition("?")[0]
        if path.endswith("/health"):
            type(self).probes += 1
            self._answer(b"ok")
        elif path.endswith("/asked"):
            self._answer(json.dumps({"pid": os.getpid(), "probes": self.probes}).encode())
        elif path.endswith("/crash"):
            os._exit(1)
        elif path.endswith("/stream"):
            self._stream()
        elif path.endswith("/socket"):
            self._socket()
        else:
            self._answer(b"x" * 1000)

    def do_POST(self) -> None:
        """Give back what has come."""
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as inherited
        """To standard output, which is kept."""
        sys.stdout.write(f"{format % args}\n")
        sys.stdout.flush()

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for _ in range(_PARTS):
            self.wfile.write(b"8\r\ndata: 1\n\r\n")
            self.wfile.flush()
            time.sleep(_GAP_S)
        self.wfile.write(b"0\r\n\r\n")

    def _socket(self) -> None:
        """Bytes come back as they are: who asks sends no more than frames."""
        key = self.headers.get("Sec-WebSocket-Key", "").encode()
        accept = base64.b64encode(hashlib.sha1(key + _GUID).digest()).decode()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept)
        self.end_headers()
        self.wfile.flush()
        self.close_connection = True
        while data := self.connection.recv(65536):
            self.connection.sendall(data)


class Server(ThreadingHTTPServer):
    """A thread for each connection; who leaves early is no error."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: dropped connections are a part of the soak."""


if __name__ == "__main__":
    threading.stack_size(256 * 1024)
    Server(("127.0.0.1", int(sys.argv[1])), Asked).serve_forever()
