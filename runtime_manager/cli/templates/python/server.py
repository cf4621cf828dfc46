"""A provider in Python, by the standard library alone.

It promises four things: to listen where it is told, to answer /health when it can serve, to write
links relative, and to end soon after SIGTERM.
"""

import json
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Links are relative (no slash first), so that they work under the prefix and under the name.
PAGE = """<!doctype html>
<meta charset="utf-8">
<title>{{name}}</title>
<h1>{{name}}</h1>
<p>It works. <a href="hello?name=world">Say hello</a>.</p>
"""


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept, which the gateway makes use of

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path == "/health":
            self.answer(200, "text/plain", "ok\n")
        elif path == "/":
            self.answer(200, "text/html; charset=utf-8", PAGE)
        elif path == "/hello":
            facts = {"hello": query.removeprefix("name=") or "you", "pid": os.getpid()}
            self.answer(200, "application/json", json.dumps(facts) + "\n")
        else:
            self.answer(404, "text/plain", "There is no such page.\n")

    def answer(self, status, media_type, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        """What is printed is kept: `rtm logs {{code}}`. Health probes would fill it."""
        if not self.path.startswith("/health"):
            print(format % args, file=sys.stderr)


def main():
    # The daemon gives both as arguments (see the manifest), and as HOST and PORT too.
    host, port = sys.argv[1], int(sys.argv[2])
    server = ThreadingHTTPServer((host, port), Answers)
    # shutdown() waits for serve_forever(), which runs in this thread: so it needs another one.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"listening on {host}:{port}", flush=True)
    server.serve_forever()
    server.server_close()


if __name__ == "__main__":
    main()
