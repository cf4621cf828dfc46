"""Takes over a socket that already listens, as sd_listen_fds(3) describes.

The daemon keeps the socket while this program restarts, so connections wait instead of failing.
"""

import os
import signal
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FIRST_FD = 3  # sd_listen_fds(3): SD_LISTEN_FDS_START


class Hello(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = f"generation {os.environ.get('PROVIDER_GENERATION', '?')}\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        pass


def inherited_socket() -> socket.socket:
    meant_for_us = os.environ.get("LISTEN_PID") == str(os.getpid())
    if not meant_for_us or os.environ.get("LISTEN_FDS") != "1":
        sys.exit("one listening socket is expected as descriptor 3 (LISTEN_FDS, LISTEN_PID)")
    return socket.socket(fileno=FIRST_FD)


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hello, bind_and_activate=False)
    server.socket.close()
    server.socket = inherited_socket()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.serve_forever()


if __name__ == "__main__":
    main()
