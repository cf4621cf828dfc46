"""HTTP on a Unix socket: reads requests, has them answered, writes answers and streams."""

from __future__ import annotations

import json
import os
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from urllib.parse import parse_qsl, urlsplit

from .api import Api, Reply, Request, Stream
from .orders import Body
from .refused import RefusedError

MAX_BODY_BYTES = 512 * 1024
MAX_STREAMS = 64
_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Server(ThreadingMixIn, UnixStreamServer):
    """Serves `api` at `path` until `shutdown`; only this user may connect."""

    daemon_threads = True  # an open keep-alive connection must not hold up the end
    request_queue_size = 64

    def __init__(self, path: Path, api: Api) -> None:
        self.api = api
        self._path = path
        self._streams = 0
        self._streams_changed = threading.Condition()
        super().__init__(os.fspath(path), _Exchange)
        path.chmod(0o600)

    def server_close(self) -> None:
        """Listen no more, and leave no socket file."""
        super().server_close()
        self._path.unlink(missing_ok=True)

    def begin_stream(self) -> None:
        """Count a stream; raises RefusedError when there are too many."""
        with self._streams_changed:
            if self._streams >= MAX_STREAMS:
                raise RefusedError(503, "too-many-streams", f"{MAX_STREAMS} streams are open")
            self._streams += 1

    def end_stream(self) -> None:
        """Count it no more."""
        with self._streams_changed:
            self._streams -= 1
            self._streams_changed.notify_all()

    def wait_for_streams(self, *, timeout_s: float) -> None:
        """Let the open streams tell their last event."""
        with self._streams_changed:
            self._streams_changed.wait_for(lambda: self._streams == 0, timeout_s)


class _Exchange(BaseHTTPRequestHandler):
    """A connection, with one request at a time."""

    protocol_version = "HTTP/1.1"
    server_version = "process-provider"
    sys_version = ""
    timeout = 120  # longer than the gateway keeps an idle connection
    server: Server

    def respond(self) -> None:
        """Answer a request of whatever method."""
        try:
            self._answer()
        except RefusedError as problem:
            self.close_connection = True  # its body may not have been read
            self._send_problem(problem)
        except (ConnectionError, TimeoutError):
            self.close_connection = True  # the reader left, or takes nothing any more

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = respond  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing: the gateway has an access log, and commands are logged by the table."""

    def _answer(self) -> None:
        content = self._content()  # all of it, whatever follows: an unread rest resets a connection
        url = urlsplit(self.path)
        is_head = self.command == "HEAD"
        route, process_id = self.server.api.find("GET" if is_head else self.command, url.path)
        answer = route.call(
            Request(
                process_id,
                query=dict(parse_qsl(url.query, keep_blank_values=True)),
                body=self._body(content) if route.method == "POST" else {},
                takes_events="text/event-stream" in self.headers.get("Accept", ""),
                last_event_id=_number(self.headers.get("Last-Event-ID", "")),
            )
        )
        if isinstance(answer, Reply):
            self._send(answer)
        else:
            self._send_stream(answer)

    def _content(self) -> bytes:
        if "Transfer-Encoding" in self.headers:
            raise RefusedError(411, "length-required", "a body must come with a Content-Length")
        size = _number(self.headers.get("Content-Length", ""))
        if size > MAX_BODY_BYTES:
            raise RefusedError(413, "body-too-large", f"a body has at most {MAX_BODY_BYTES} bytes")
        return self.rfile.read(size)

    def _body(self, content: bytes) -> Body:
        if self.headers.get_content_type() != "application/json":
            raise RefusedError(415, "not-json", "the body must be application/json")
        try:
            body = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise RefusedError(400, "not-json", "the body is no JSON") from error
        if not isinstance(body, dict):
            raise RefusedError(422, "bad-request", "the body must be a JSON object")
        return body

    def _send(self, reply: Reply, *, allow: str = "") -> None:
        content = reply.content
        if content is not None and not isinstance(content, bytes):
            content = json.dumps(content).encode()
        self._send_head(reply.status, reply.kind if content is not None else "")
        if allow:
            self.send_header("Allow", allow)
        if content is not None:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if content is not None and self.command != "HEAD":
            self.wfile.write(content)

    def _send_problem(self, problem: RefusedError) -> None:
        document = {
            "type": "about:blank",
            "title": HTTPStatus(problem.status).phrase,
            "status": problem.status,
            "detail": problem.detail,
            "code": problem.code,
        }
        reply = Reply(problem.status, document, "application/problem+json")
        self._send(reply, allow=problem.allow)

    def _send_stream(self, stream: Stream) -> None:
        self.server.begin_stream()
        try:
            self._send_head(200, "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            if self.command != "HEAD":
                for piece in stream:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.write(b"0\r\n\r\n")
        finally:
            self.server.end_stream()

    def _send_head(self, status: int, kind: str) -> None:
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        if kind:
            self.send_header("Content-Type", kind)
        if self.close_connection:
            self.send_header("Connection", "close")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else 0
