"""One HTTP question and its answer, over TCP or a Unix socket. Blocks; standard library only."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ANSWER_S = 15.0
_BODY_BYTES = 1 << 20


class NoAnswerError(Exception):
    """Nothing that is HTTP came back in time; the text says what came instead."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer; names of headers are in lower case, the body is its first MiB at most."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON; raises ValueError."""
        return json.loads(self.body)

    @property
    def media_type(self) -> str:
        """The content type without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def ask(
    connection: http.client.HTTPConnection,
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Ask once and close. Raises NoAnswerError. A stream is not read to its end."""
    try:
        body = b"" if method == "POST" else None
        connection.request(method, path, body=body, headers=dict(headers or {}))
        response = connection.getresponse()
        named = {name.lower(): value for name, value in response.getheaders()}
        is_stream = named.get("content-type", "").startswith("text/event-stream")
        return Answer(response.status, named, b"" if is_stream else _body(response))
    except TimeoutError:
        raise NoAnswerError(f"no answer within {connection.timeout:g} s") from None
    except (OSError, http.client.HTTPException) as exc:
        raise NoAnswerError(str(exc) or type(exc).__name__) from exc
    finally:
        connection.close()


def _body(response: http.client.HTTPResponse) -> bytes:
    """What comes within the time and size we look at; an endless answer is cut there."""
    body, until = b"", time.monotonic() + ANSWER_S
    while len(body) < _BODY_BYTES and time.monotonic() < until:
        piece = response.read1(_BODY_BYTES - len(body))
        if not piece:
            break
        body += piece
    return body


class UnixConnection(http.client.HTTPConnection):
    """HTTP to a Unix socket."""

    def __init__(self, path: str, *, timeout: float = ANSWER_S) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """See http.client."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
