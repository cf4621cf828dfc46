"""Tells since when it has been awake: ask, wait out the idle time, ask again."""

import os
import signal
import sys
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

AWAKE_SINCE = datetime.now(UTC).isoformat(timespec="seconds")


class Lazy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = f"awake since {AWAKE_SINCE}, pid {os.getpid()}\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Lazy)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.serve_forever()
