"""One question to an endpoint: does it serve?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from runtime_manager.errors import ConnectError, ProtocolError
from runtime_manager.http1.client import Connection
from runtime_manager.model.endpoint import Endpoint

STRANGER = "port answered by another process"


class ProbeKind(StrEnum):
    """How it is asked: by a request, by a connection, or not at all."""

    HTTP = "http"
    TCP = "tcp"
    NONE = "none"


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
    """Asks one endpoint again and again, over one connection while it lasts; `close` it."""

    def __init__(self, endpoint: Endpoint, spec: ProbeSpec, *, is_ours: Callable[[], bool]) -> None:
        self._endpoint = endpoint
        self._spec = spec
        self._is_ours = is_ours
        self._connection: Connection | None = None

    async def ask(self) -> ProbeResult:
        """Ask once, within the spec's time; what goes wrong is a result, not an error."""
        if self._spec.kind is ProbeKind.NONE:
            return ProbeResult(True, "not asked")
        try:
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
        connection = await self._connected()
        if connection is None:
            return ProbeResult(False, STRANGER)
        if self._spec.kind is ProbeKind.TCP:
            self.close()
            return ProbeResult(True, "connected")
        answer = await connection.request(
            b"GET",
            self._spec.path.encode(),
            self._spec.headers,
            timeout_s=self._spec.timeout_s,
        )
        return ProbeResult(
            self._spec.accepts(answer.status), f"HTTP {answer.status}", answer.status
        )

    async def _connected(self) -> Connection | None:
        """A connection to our own listener; None where another process listens."""
        if self._connection is not None and self._connection.is_reusable:
            return self._connection
        self.close()
        connection = await Connection.open(self._endpoint, timeout_s=self._spec.timeout_s)
        if not self._is_ours():
            connection.close()
            return None
        self._connection = connection
        return connection
