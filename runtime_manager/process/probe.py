"""One question to an endpoint: does it serve?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from runtime_manager.errors import ConnectError, ProtocolError
from runtime_manager.http1.client import Connection
from runtime_manager.model.endpoint import Endpoint
from runtime_manager.model.parts import ProbeKind

QUESTIONS = 4
"""How many probes one connection is used for."""

STRANGER = "port answered by another process"


@dataclass(frozen=True, slots=True)
class ProbeSpec:
    """What to ask and what counts as well; `accepts` takes a status code."""

    kind: ProbeKind
    path: str
    headers: tuple[tuple[bytes, bytes], ...]
    accepts: Callable[[int], bool]
    timeout_s: float


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """`detail` tells a person: `HTTP 503`, `refused`, `no answer within 2 s`."""

    passed: bool
    detail: str
    status: int | None = None


class Probe:
    """Asks one endpoint again and again; `close` it.

    A connection serves a few questions, which saves most of their cost, and then another is made:
    a program that has closed its listener still answers on what it accepted before.
    """

    def __init__(self, endpoint: Endpoint, spec: ProbeSpec, *, is_ours: Callable[[], bool]) -> None:
        self._endpoint = endpoint
        self._spec = spec
        self._is_ours = is_ours
        self._connection: Connection | None = None
        self._asked_on_it = 0

    async def ask(self) -> ProbeResult:
        """Ask once, within the spec's time; what goes wrong is a result, not an error."""
        if self._spec.kind is ProbeKind.NONE:
            return ProbeResult(True, "not asked")
        try:
            async with asyncio.timeout(self._spec.timeout_s):
                return await self._asked()
        except TimeoutError:
            return ProbeResult(False, f"no answer within {self._spec.timeout_s:g} s")
        except (ConnectError, ProtocolError) as exc:
            return ProbeResult(False, exc.message)

    def close(self) -> None:
        """Close the connection; safe to call twice."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def _asked(self) -> ProbeResult:
        kept = self._connection
        if kept is not None and kept.is_reusable and self._asked_on_it < QUESTIONS:
            try:
                self._asked_on_it += 1
                return await self._answered(kept)
            except ConnectError:
                pass  # closed as idle while we asked: that tells nothing of a new connection
        self.close()
        connection = await Connection.open(self._endpoint, timeout_s=self._spec.timeout_s)
        self._connection, self._asked_on_it = connection, 1
        if not self._is_ours():
            self.close()
            return ProbeResult(False, STRANGER)
        if self._spec.kind is ProbeKind.TCP:
            self.close()
            return ProbeResult(True, "connected")
        return await self._answered(connection)

    async def _answered(self, connection: Connection) -> ProbeResult:
        answer = await connection.request(
            b"GET",
            self._spec.path.encode(),
            self._spec.headers,
            timeout_s=self._spec.timeout_s,
        )
        is_accepted = self._spec.accepts(answer.status)
        return ProbeResult(is_accepted, f"HTTP {answer.status}", answer.status)
