"""Leaves a lock file in its data folder, and refuses to start where it finds one."""

import sys
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path


class Pages(SimpleHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"well\n")

    def log_message(self, *args):
        pass


lock = Path(sys.argv[3]) / "lock"
if lock.exists():
    sys.exit(f"{lock} exists: another one runs")
lock.touch()
HTTPServer((sys.argv[1], int(sys.argv[2])), Pages).serve_forever()
