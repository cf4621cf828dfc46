"""Binds every address, and links as if the whole origin were its own."""

import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = b"""<!doctype html><link rel="stylesheet" href="/style.css"><script src="app.js"></script>
<a href="/settings">settings</a> <a href="missing.html">help</a> <a href="https://example.org/">out</a>
"""


class Pages(BaseHTTPRequestHandler):
    def do_GET(self):
        body = {"/": PAGE, "/health": b"well", "/app.js": b"//"}.get(self.path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", "text/html" if body is PAGE else "text/plain")
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *args):
        pass


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
ThreadingHTTPServer(("0.0.0.0", int(sys.argv[1])), Pages).serve_forever()
