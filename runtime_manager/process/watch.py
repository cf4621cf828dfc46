"""The probing of one endpoint: when to ask next, and what of the answers is worth telling."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import TypeGuard

from runtime_manager.model.endpoint import Endpoint, TcpEndpoint
from runtime_manager.model.parts import ProbeKind
from runtime_manager.process.lookout import Seen
from runtime_manager.process.probe import NotAsked, Probe, ProbeResult, ProbeSpec

_FIRST_S = 0.010
_SLOWEST_START_S = 0.250
_GROWTH = 1.3
_UNSEEN_S = 1.0
"""Between questions to a port on which nobody is seen to listen: what was seen may be wrong."""
_GRID_S = 0.1


class Watch:
    """Asks often until the first pass or `settle`, then at its interval, until `close`.

    `report` is told every failure, and every pass that follows something else; that it could not
    be asked is told once.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        spec: ProbeSpec,
        *,
        interval_s: float,
        report: Callable[[ProbeResult | NotAsked], None],
        is_ours: Callable[[], bool],
    ) -> None:
        self.port = endpoint.port if _is_looked_at(endpoint, spec) else None
        """Where it is to be looked who listens; None where that tells nothing."""
        self.asking: asyncio.Task[None] | None = None
        self.due = 0.0
        self.is_closed = False
        self._endpoint = endpoint
        self._probe = Probe(endpoint, spec, is_ours=is_ours)
        self._interval_s = interval_s
        self._report = report
        self._pace_s = 0.0
        self._is_settled = False
        self._told: ProbeResult | NotAsked | None = None

    @property
    def is_settled(self) -> bool:
        """Whether it is asked at its interval."""
        return self._is_settled

    def settle(self) -> None:
        """It serves: from now on ask at the interval."""
        self._is_settled = True

    def close(self) -> None:
        """Ask no more, and give up what is being asked."""
        self.is_closed = True
        if self.asking is not None:
            self.asking.cancel()
        self._probe.close()

    def next_due(self, now: float, *, is_seen: bool) -> float:
        """When to ask again after an answer at `now`.

        Before it is settled after 10 ms, growing to 250 ms; after a second where nobody `is_seen`
        to listen. Then after the interval, or a little earlier, where others are asked as well.
        """
        if self._is_settled:
            step_s = min(_GRID_S, self._interval_s / 10)
            return math.floor((now + self._interval_s) / step_s) * step_s
        if not is_seen:
            return now + _UNSEEN_S
        self._pace_s = min(max(_FIRST_S, self._pace_s * _GROWTH), _SLOWEST_START_S)
        return now + self._pace_s

    async def ask(self, seen: Seen | None) -> None:
        """Ask once and report; `seen` as in `Probe.ask`."""
        result = await self._probe.ask(seen)
        if isinstance(result, ProbeResult) and result.passed:
            self._is_settled = True
        self._tell(result)

    def tell_of_nobody(self) -> None:
        """Nobody listens there yet: report that, once."""
        if self._told is None:
            self._tell(ProbeResult(False, f"nobody listens on {self._endpoint}"))

    def _tell(self, result: ProbeResult | NotAsked) -> None:
        is_failure = isinstance(result, ProbeResult) and not result.passed
        if (is_failure or result != self._told) and not self.is_closed:
            self._told = result
            self._report(result)


def _is_looked_at(endpoint: Endpoint, spec: ProbeSpec) -> TypeGuard[TcpEndpoint]:
    return isinstance(endpoint, TcpEndpoint) and spec.kind is not ProbeKind.NONE
