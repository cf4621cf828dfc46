"""Is started only once `echo` is ready, so it need not wait or retry for it."""

import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Second(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = b"echo was ready before I was started\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Second)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.serve_forever()
