"""One question to an endpoint: does it serve?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from runtime_manager.clock import STOOD_STILL_S
from runtime_manager.errors import ConnectError, ProtocolError
from runtime_manager.http1.client import Connection, request_bytes
from runtime_manager.model.endpoint import Endpoint
from runtime_manager.model.parts import ProbeKind
from runtime_manager.process.lookout import NOBODY, Seen
from runtime_manager.process.scarcity import SCARCE, scarcity

QUESTIONS = 4
"""How many probes one connection is used for where nobody sees who listens."""
QUESTIONS_IN_SIGHT = 30
"""How many where the listener is seen to be the same: it may have ceased to accept."""

STRANGER = "port answered by another process"
STOOD_STILL = "this process stood still"


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


@dataclass(frozen=True, slots=True)
class NotAsked:
    """It could not be asked, for want of something of ours: that tells nothing of it."""

    reason: str


class Probe:
    """Asks one endpoint again and again; `close` it.

    A connection serves many questions, which saves most of their cost, as long as the listener is
    seen to be the one it was made to. Where that cannot be seen it serves a few, and then another
    is made: a program that has closed its listener still answers on what it accepted before.
    """

    def __init__(self, endpoint: Endpoint, spec: ProbeSpec, *, is_ours: Callable[[], bool]) -> None:
        self._endpoint = endpoint
        self._spec = spec
        self._is_ours = is_ours
        self._request = request_bytes(b"GET", spec.path.encode(), spec.headers, endpoint)
        self._connection: Connection | None = None
        self._asked_on_it = 0
        self._made_to: Seen | None = None

    async def ask(self, seen: Seen | None = None) -> ProbeResult | NotAsked:
        """Ask once, within the spec's time; what goes wrong is a result, not an error.

        `seen` is who has just been seen to listen, None where that is not known.
        """
        if self._spec.kind is ProbeKind.NONE:
            return ProbeResult(True, "not asked")
        loop = asyncio.get_running_loop()
        until = loop.time() + self._spec.timeout_s
        result = await self._asked_in_time(seen)
        if isinstance(result, ProbeResult) and not result.passed:
            if loop.time() > until + STOOD_STILL_S:
                return NotAsked(STOOD_STILL)
            if (lack := scarcity()) is not None:
                return NotAsked(lack)
        return result

    async def _asked_in_time(self, seen: Seen | None) -> ProbeResult | NotAsked:
        try:
            async with asyncio.timeout(self._spec.timeout_s):
                return await self._asked(seen)
        except TimeoutError:
            self.close()
            return ProbeResult(False, f"no answer within {self._spec.timeout_s:g} s")
        except (ConnectError, ProtocolError) as exc:
            if exc.facts.get("errno") in SCARCE:
                return NotAsked(exc.message)
            return ProbeResult(False, exc.message)

    def close(self) -> None:
        """Close the connection; safe to call twice."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def _asked(self, seen: Seen | None) -> ProbeResult:
        kept = self._connection
        if kept is not None and self._is_good(kept, seen):
            try:
                self._asked_on_it += 1
                return await self._answered(kept)
            except ConnectError:
                pass  # closed as idle while we asked: that tells nothing of a new connection
        self.close()
        connection = await Connection.open(self._endpoint, timeout_s=self._spec.timeout_s)
        self._connection, self._asked_on_it, self._made_to = connection, 1, seen
        if not self._is_ours():
            self.close()
            return ProbeResult(False, STRANGER)
        if self._spec.kind is ProbeKind.TCP:
            self.close()
            return ProbeResult(True, "connected")
        return await self._answered(connection)

    def _is_good(self, kept: Connection, seen: Seen | None) -> bool:
        """Whether another question on it tells as much as one on a new connection."""
        if not kept.is_reusable:
            return False
        if seen is None:
            return self._asked_on_it < QUESTIONS
        is_same = seen != NOBODY and seen == self._made_to
        return is_same and not seen.is_crowded and self._asked_on_it < QUESTIONS_IN_SIGHT

    async def _answered(self, connection: Connection) -> ProbeResult:
        answer = await connection.ask(self._request)
        is_accepted = self._spec.accepts(answer.status)
        return ProbeResult(is_accepted, f"HTTP {answer.status}", answer.status)
