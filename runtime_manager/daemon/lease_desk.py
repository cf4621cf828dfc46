"""Where leases are taken, renewed and given back; ends those whose time is up."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable

import structlog

from runtime_manager.clock import Clock
from runtime_manager.errors import DaemonEndingError
from runtime_manager.lifecycle.leases import Lease, Leases

_log = structlog.get_logger()
_SLEPT_S = 2.0
"""A timer so late was not kept waiting by the loop: the process or the machine stood still."""


class LeaseDesk:
    """The one owner of the leases; calls `when_over` once, when the daemon is to end with them."""

    def __init__(self, opening: Leases, *, clock: Clock, when_over: Callable[[], None]) -> None:
        self._leases = opening
        self._clock = clock
        self._when_over = when_over
        self._timer: asyncio.TimerHandle | None = None
        self._closed: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._set_timer()

    @property
    def all(self) -> Leases:
        """As they are now."""
        return self._leases

    def take(self, kind: str, *, name: str = "", ttl_s: float | None = None) -> Lease:
        """A new lease. Raises DaemonEndingError once the end is decided, LeaseLimitError."""
        if self._closed.done():
            raise DaemonEndingError(
                f"the daemon ends: {self._closed.result()}", hint="wait until it is gone"
            )
        lease = Lease(secrets.token_hex(8), kind, name, ttl_s).renewed(self._clock.monotonic())
        self._change(self._leases.taken(lease))
        _log.info("lease.taken", lease=lease.id, kind=kind, name=name or None, ttl_s=ttl_s)
        return lease

    def renew(self, lease_id: str) -> Lease:
        """Let its time begin anew. Raises UnknownLeaseError."""
        self._change(self._leases.renewed(lease_id, self._clock.monotonic()))
        return self._leases.find(lease_id)

    def release(self, lease_id: str) -> None:
        """End it; safe to call twice."""
        self._change(self._leases.without(lease_id))
        _log.info("lease.released", lease=lease_id)

    async def closed(self) -> str:
        """Why the daemon ends, once it does."""
        return await asyncio.shield(self._closed)

    def close(self, reason: str) -> None:
        """Take no more, and tell who waits for the end; safe to call twice."""
        if self._timer is not None:
            self._timer.cancel()
        if not self._closed.done():
            self._closed.set_result(reason)

    def _change(self, leases: Leases) -> None:
        were_over, self._leases = self._leases.are_over, leases
        if leases.are_over and not were_over and not self._closed.done():
            self._when_over()
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        due = self._leases.next_end
        if due is None or self._closed.done():
            return
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(max(due - self._clock.monotonic(), 0), self._time_is_up, due)

    def _time_is_up(self, due: float) -> None:
        now = self._clock.monotonic()
        has_slept = now - due > _SLEPT_S
        ended = {lease.id for lease in self._leases.held}
        self._change(self._leases.at(now, slept=has_slept))
        ended -= {lease.id for lease in self._leases.held}
        if has_slept:
            _log.warning("lease.all_renewed", reason="the process stood still", late_s=now - due)
        for lease_id in ended:
            _log.info("lease.expired", lease=lease_id)
