"""Answers of our own: problem+json bodies (RFC 9457) that echo nothing a caller sent."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from http import HTTPStatus

from runtime_manager.gateway.reply import Header, Reply


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a request gets no answer from a provider."""

    status: int
    code: str
    detail: str
    hint: str = ""
    headers: tuple[Header, ...] = ()
    closes: bool = False
    """The connection cannot go on: where the next request begins is not certain."""

    @property
    def title(self) -> str:
        """The standard phrase of the status."""
        return HTTPStatus(self.status).phrase

    def reply(self) -> Reply:
        """The problem as an answer."""
        fields = (
            (b"Content-Type", b"application/problem+json"),
            (b"Cache-Control", b"no-store"),
            *self.headers,
        )
        return Reply(self.status, fields, self.body(), self.closes)

    def body(self) -> bytes:
        """The problem as JSON."""
        members = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "hint": self.hint,
        }
        return json.dumps(members).encode()


def _retry_after(seconds: int) -> tuple[Header, ...]:
    return ((b"Retry-After", b"%d" % max(1, seconds)),)


def _broken(status: int, code: str, detail: str) -> Problem:
    return Problem(status, code, detail, closes=True)


BAD_REQUEST = _broken(400, "bad-request", "The request is not valid HTTP/1.1.")
BAD_FRAMING = _broken(400, "bad-framing", "Where the request's body ends is not certain.")
BAD_HOST = _broken(400, "bad-host", "The request must have exactly one valid Host.")
BAD_TARGET = _broken(400, "bad-target", "The request target is not a plain path.")
DOT_SEGMENTS = _broken(400, "dot-segments", "The path has dot segments.")
REQUEST_TIMEOUT = _broken(408, "request-timeout", "The request did not arrive in time.")
TARGET_TOO_LONG = _broken(414, "target-too-long", "The request target is too long.")
HEAD_TOO_LARGE = _broken(431, "head-too-large", "The request's header fields are too large.")
BODY_TOO_LARGE = _broken(413, "body-too-large", "The request's body is larger than allowed.")
UNKNOWN_ENCODING = _broken(501, "unknown-encoding", "Only the chunked transfer encoding is known.")
UNKNOWN_METHOD = _broken(501, "unknown-method", "This method is not forwarded.")
BAD_VERSION = _broken(505, "bad-version", "Only HTTP/1.1 and HTTP/1.0 are spoken.")
UNKNOWN_EXPECTATION = _broken(417, "unknown-expectation", "Only 100-continue can be expected.")
TOO_MANY_CONNECTIONS = Problem(
    503, "too-many-connections", "Too many connections are open.",
    headers=_retry_after(1), closes=True,
)  # fmt: skip

FOREIGN_HOST = Problem(
    421, "foreign-host", "This daemon does not answer to that host name.",
    "Use localhost, 127.0.0.1 or NAME.localhost with this daemon's port, or add the name to hosts.",
)  # fmt: skip
UNKNOWN_NAME = Problem(
    421, "unknown-name", "No provider has the name in this Host.",
    "`rtm list` shows the codes: a provider is at CODE.localhost, with this daemon's port.",
)  # fmt: skip
FOREIGN_ORIGIN = Problem(
    403, "foreign-origin", "Pages of that origin may not call this daemon.",
    "Add the origin to allowed_origins if it is trusted.",
)  # fmt: skip
CROSS_SITE = Problem(403, "cross-site", "Another site's page made this request.")
NO_CSRF = Problem(
    403, "no-csrf-header", "A browser session changes things from the dashboard's own page only.",
    "Send X-RTM-CSRF: 1 from that page.",
)  # fmt: skip
UNAUTHORIZED = Problem(
    401, "unauthorized", "This route asks for a credential.",
    "In a browser, open it with `rtm open CODE`; a program sends the token of the token file"
    " as `Authorization: Bearer`.",
    headers=((b"WWW-Authenticate", b"Bearer"),),
)  # fmt: skip
NO_ROUTE = Problem(404, "no-route", "No provider has this path.", "`rtm routes` lists them.")

REFUSED = Problem(502, "provider-refused", "The provider did not accept the connection.")
BROKEN_ANSWER = Problem(502, "bad-answer", "The provider's answer is not valid HTTP/1.1.")
NO_ANSWER = Problem(502, "no-answer", "The provider closed the connection without an answer.")
CONNECT_TIMEOUT = Problem(504, "connect-timeout", "The provider did not accept in time.")
ANSWER_TIMEOUT = Problem(504, "answer-timeout", "The provider did not answer in time.")
ALL_BUSY = Problem(
    503, "all-busy", "All connections to the provider are in use.", headers=_retry_after(1)
)
NOT_OPEN = Problem(503, "provider-unavailable", "The provider is not available.")


def not_open(cause: str, *, retry_after_s: int) -> Problem:
    """The 503 of a route that is closed, or did not open in time; `cause` is the route's."""
    detail = cause or NOT_OPEN.detail
    return replace(NOT_OPEN, detail=detail, headers=_retry_after(retry_after_s))
