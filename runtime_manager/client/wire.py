"""HTTP to the control API over its Unix socket, for an asynchronous caller: aiohttp, our errors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import aiohttp

from runtime_manager.client.failures import NoDaemonError, ProblemError
from runtime_manager.errors import ProtocolError, WaitTimeoutError

_ANSWER_S = 10.0
_LINE_BYTES = 1 << 24
"""A snapshot of many providers is one line."""


class Wire:
    """One daemon's socket; `close` it. No token is needed there: the file's mode is the check."""

    def __init__(self, socket: str) -> None:
        self._socket = socket
        self._session = aiohttp.ClientSession(
            "http://localhost",
            connector=aiohttp.UnixConnector(socket, limit=0),
            read_bufsize=_LINE_BYTES,
        )

    async def close(self) -> None:
        """Close every connection; streams end."""
        await self._session.close()

    async def ask(
        self,
        method: str,
        target: str,
        *,
        body: Mapping[str, object] | None = None,
        answer_s: float = _ANSWER_S,
    ) -> dict[str, Any]:
        """The JSON object that answers.

        Raises ProblemError for a refusal, NoDaemonError where nobody listens, ProtocolError for an
        answer that stops short, WaitTimeoutError where none comes in `answer_s` seconds.
        """
        try:
            async with asyncio.timeout(answer_s):
                response = await self.send(method, target, body=body)
                with _our_errors(self._socket):
                    document = await response.json()
        except TimeoutError:
            raise WaitTimeoutError(f"the daemon has not answered in {answer_s:g} s") from None
        except ValueError as exc:
            raise ProtocolError("the daemon's answer is not JSON") from exc
        if not isinstance(document, dict):
            raise ProtocolError("the daemon's answer is not a JSON object")
        return document

    async def lines(self, target: str) -> AsyncGenerator[str, None]:
        """The lines of an answer without an end of its own, without theirs; raises as `ask`."""
        response = await self.send("GET", target)
        try:
            while line := await self._line(response):
                yield line.decode(errors="replace").rstrip("\r\n")
        finally:
            response.close()

    async def send(
        self, method: str, target: str, *, body: Mapping[str, object] | None = None
    ) -> aiohttp.ClientResponse:
        """An answer that is no refusal, its body still to be read, without a limit of time.

        The caller reads it to its end or closes it.
        """
        sent = None if method == "GET" else body or {}
        with _our_errors(self._socket):
            response = await self._session.request(
                method, target, json=sent, timeout=aiohttp.ClientTimeout(total=None)
            )
            if response.status < 400:
                return response
            raise ProblemError(_problem(response.status, await response.read()))

    async def _line(self, response: aiohttp.ClientResponse) -> bytes:
        with _our_errors(self._socket):
            return await response.content.readline()


@contextmanager
def _our_errors(socket: str) -> Iterator[None]:
    try:
        yield
    except aiohttp.ClientConnectorError as exc:
        raise NoDaemonError(f"no daemon at {socket} ({exc.os_error.strerror})") from exc
    except (aiohttp.ClientError, ConnectionError) as exc:
        raise ProtocolError(f"the daemon's answer stopped short: {exc}") from exc


def _problem(status: int, body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if isinstance(document, dict):
        return document
    return {"title": f"the daemon answered with status {status}", "status": status}
