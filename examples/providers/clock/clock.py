"""Sends the time once a second as server-sent events; a client that comes back misses nothing.

An id is a Unix time, so what came after `Last-Event-ID` can be told again, up to a minute of it.
"""

import signal
import sys
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PAGE = Path(__file__).with_name("index.html")
REPLAY_S = 60
stopping = threading.Event()


class Clock(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/":
            self.reply(200, "text/html; charset=utf-8", PAGE.read_bytes())
        elif path == "/health":
            self.reply(200, "text/plain", b"ok\n")
        elif path == "/events":
            self.stream()
        else:
            self.reply(404, "text/plain", b"not here\n")

    def stream(self) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            self.wfile.write(b"retry: 1000\n\n")
            for second in ticks(after=self.headers.get("Last-Event-ID", "")):
                told = datetime.fromtimestamp(second, UTC).isoformat()
                self.wfile.write(f"id: {second}\nevent: tick\ndata: {told}\n\n".encode())
        except ConnectionError:
            pass  # the reader left

    def reply(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        if self.path != "/health":
            super().log_request(code, size)


def ticks(*, after: str):
    """Yield each Unix second, from the one after `after` if that is at most a minute ago."""
    now = int(time.time())
    last = int(after) if after.isdecimal() else now - 1
    second = min(max(last, now - REPLAY_S), now) + 1
    while not stopping.wait(max(0.0, second - time.time())):
        yield second
        second += 1


def main() -> None:
    host, port = sys.argv[1], int(sys.argv[2])
    server = ThreadingHTTPServer((host, port), Clock)

    def stop(*_: object) -> None:
        stopping.set()  # the streams end, then the server
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    server.serve_forever()


if __name__ == "__main__":
    main()
