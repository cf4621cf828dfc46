"""Takes no notice of SIGTERM, and starts a process that it never ends."""

import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Pages(BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'{"openapi": "3.1.0"}' if self.path == "/openapi.json" else b"{}"
        self.send_response(302 if self.path == "/" else 200)
        if self.path == "/":
            self.send_header("Location", "/login")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Pages).serve_forever()
