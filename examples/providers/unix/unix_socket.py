"""Serves HTTP on a Unix socket: only this user's programs can reach it, and no port is taken."""

import signal
import sys
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingUnixStreamServer


class Hello(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = b"hello from a Unix socket\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        pass  # the client of a Unix socket has no address to log


class Server(ThreadingUnixStreamServer):
    daemon_threads = True  # an open keep-alive connection must not hold up the end


if __name__ == "__main__":
    server = Server(sys.argv[1], Hello)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.serve_forever()
