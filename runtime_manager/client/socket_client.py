"""HTTP/1.1 to the daemon over its Unix socket, as far as one caller of one server needs it.

One request per connection. `http.client` would do, at 25 ms of imports for each call of `rtm`;
`_socket` is the C half of `socket`, whose Python half takes 4 ms more and adds nothing here.
"""

from __future__ import annotations

import json
from _socket import AF_UNIX, SOCK_STREAM, socket

from runtime_manager.client.failures import NoDaemonError, ProblemError
from runtime_manager.errors import ProtocolError, WaitTimeoutError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType
    from typing import Any, Self

_PIECE_BYTES = 65536
_HEAD_LINES = 200
_ANSWER_S = 10.0


class SocketClient:
    """Asks the daemon that listens on a Unix socket. Blocking; holds nothing open itself."""

    def __init__(self, socket_path: str, *, hint: str = "") -> None:
        self._socket_path = socket_path
        self._hint = hint

    def get(self, target: str) -> dict[str, Any]:
        """The JSON document at `target`. Raises ProblemError for a refusal; see also `send`."""
        with self.send("GET", target) as exchange:
            return exchange.document()

    def post(self, target: str, body: Mapping[str, object] | None = None) -> dict[str, Any]:
        """The JSON document that answers a POST of `body`; errors as in `get`."""
        with self.send("POST", target, body=body) as exchange:
            return exchange.document()

    def send(
        self,
        method: str,
        target: str,
        *,
        body: Mapping[str, object] | None = None,
        answer_s: float | None = _ANSWER_S,
    ) -> Exchange:
        """Send a request and return before its answer; the caller closes the Exchange.

        `answer_s` limits each wait for bytes of the answer; None waits for ever.
        Raises NoDaemonError when nobody listens.
        """
        payload = b"" if body is None and method == "GET" else json.dumps(body or {}).encode()
        head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        if method != "GET":
            head += f"Content-Type: application/json\r\nContent-Length: {len(payload)}\r\n"
        connection = self._connect()
        connection.settimeout(answer_s)
        try:
            connection.sendall(head.encode() + b"\r\n" + payload)
        except OSError:
            pass  # the answer, or its absence, tells more
        return Exchange(connection)

    def _connect(self) -> socket:
        connection = socket(AF_UNIX, SOCK_STREAM)
        try:
            connection.settimeout(_ANSWER_S)
            connection.connect(self._socket_path)
        except (OSError, ValueError) as exc:  # ValueError: a path that cannot be one
            connection.close()
            reason = getattr(exc, "strerror", None) or exc
            raise NoDaemonError(
                f"no daemon at {self._socket_path} ({reason}); its runtime.json is stale",
                hint=self._hint,
            ) from exc
        return connection


class Exchange:
    """One request on its way; its answer is read by `document` or by `lines`, once.

    Raises, wherever it reads: ProblemError for a status of 400 or more, ProtocolError for an
    answer that is not HTTP or stops short, WaitTimeoutError when no bytes come in time.
    """

    def __init__(self, connection: socket) -> None:
        self._connection = connection
        self._buffer = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the daemon sees that nobody listens any more."""
        self._connection.close()

    def limit_wait(self, answer_s: float | None) -> None:
        """From now on wait at most so long for the next bytes; None waits for ever."""
        self._connection.settimeout(None if answer_s is None else max(answer_s, 0.001))

    def document(self) -> dict[str, Any]:
        """The answer's JSON object."""
        return _parsed(b"".join(self.pieces()))

    def lines(self) -> Iterator[str]:
        """The lines of the answer as they come, without their ends."""
        rest = b""
        for piece in self.pieces():
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                yield line.decode(errors="replace").removesuffix("\r")
        if rest:
            yield rest.decode(errors="replace")

    def pieces(self) -> Iterator[bytes]:
        """The bytes of the answer's body as they come."""
        status, headers = self._head()
        body = self._body(headers)
        if status >= 400:
            raise _refusal(status, b"".join(body))
        yield from body

    def _head(self) -> tuple[int, dict[str, str]]:
        version, _, rest = self._line().partition(" ")
        status = rest[:3]
        if not version.startswith("HTTP/1.") or not status.isdecimal():
            raise ProtocolError("the daemon's answer is not HTTP")
        headers: dict[str, str] = {}
        for _ in range(_HEAD_LINES):
            line = self._line()
            if not line:
                return int(status), headers
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        raise ProtocolError("the daemon's answer has no end of head")

    def _body(self, headers: Mapping[str, str]) -> Iterator[bytes]:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return self._chunks()
        if "content-length" in headers:
            return self._exactly(_count(headers["content-length"], base=10))
        return self._rest()

    def _chunks(self) -> Iterator[bytes]:
        while count := _count(self._line().partition(";")[0], base=16):
            yield from self._exactly(count)
            self._line()
        while self._line():
            pass  # trailers (RFC 9112, 7.1.2) say nothing we need

    def _exactly(self, count: int) -> Iterator[bytes]:
        while count:
            if not self._buffer and not self._receive():
                raise ProtocolError("the daemon's answer stopped short")
            piece = bytes(self._buffer[:count])
            del self._buffer[:count]
            count -= len(piece)
            yield piece

    def _rest(self) -> Iterator[bytes]:
        while self._buffer or self._receive():
            piece = bytes(self._buffer)
            self._buffer.clear()
            yield piece

    def _line(self) -> str:
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > _PIECE_BYTES or not self._receive():
                raise ProtocolError("the daemon's answer stopped short")
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line.decode("latin-1").removesuffix("\r")

    def _receive(self) -> bool:
        try:
            piece = self._connection.recv(_PIECE_BYTES)
        except TimeoutError:
            raise WaitTimeoutError("the daemon did not answer in time") from None
        except OSError as exc:
            raise ProtocolError(f"the daemon's answer stopped short: {exc.strerror}") from exc
        self._buffer += piece
        return bool(piece)


def _count(text: str, *, base: int) -> int:
    try:
        return int(text, base)
    except ValueError:
        raise ProtocolError("the daemon's answer is not HTTP") from None


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise ProtocolError("the daemon's answer is not a JSON object")
    return document


def _refusal(status: int, body: bytes) -> ProblemError:
    try:
        return ProblemError(_parsed(body))
    except ProtocolError:
        return ProblemError(
            {"title": f"the daemon answered with status {status}", "status": status}
        )
