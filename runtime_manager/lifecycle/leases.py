"""Who wants the daemon up: leases, and whether its life depends on them. Pure.

A daemon that was started for clients ends with the last lease. One that was started by itself
lists them and goes on. The time to wait for the first client is a lease as well: it is given up
when a client's comes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from runtime_manager.errors import DaemonEndingError, LeaseLimitError, UnknownLeaseError

OPENING = "opening"
"""The kind of lease that waits for a client, and is given up when one comes."""

MOST = 1000
"""As many leases can be held at once."""


@dataclass(frozen=True, slots=True)
class Lease:
    """One holder. `kind` is stdin, parent, ttl, connection, returning or opening.

    `ends_at` is a monotonic time; None ends only by release, and `ttl_s` is None then too.
    """

    id: str
    kind: str
    name: str = ""
    ttl_s: float | None = None
    ends_at: float | None = None

    def renewed(self, now: float) -> Lease:
        """The same for another `ttl_s`."""
        return self if self.ttl_s is None else replace(self, ends_at=now + self.ttl_s)


@dataclass(frozen=True, slots=True)
class Leases:
    """All leases at one moment, oldest first; each change makes a new value."""

    is_binding: bool
    """Whether the daemon ends with the last of them."""
    held: tuple[Lease, ...] = ()

    @property
    def are_over(self) -> bool:
        """Whether the daemon is to end. Nothing can be taken after that."""
        return self.is_binding and not self.held

    @property
    def next_end(self) -> float | None:
        """When the first of them ends by itself; None where none does."""
        return min((x.ends_at for x in self.held if x.ends_at is not None), default=None)

    def find(self, lease_id: str) -> Lease:
        """The lease of that id. Raises UnknownLeaseError."""
        for lease in self.held:
            if lease.id == lease_id:
                return lease
        raise UnknownLeaseError(
            "no lease has this id: it has ended, or was another daemon's",
            hint="take a new one: POST /api/v1/leases",
        )

    def taken(self, lease: Lease) -> Leases:
        """With one more, in place of those that waited for it.

        Raises DaemonEndingError after the end, LeaseLimitError.
        """
        if self.are_over:
            raise DaemonEndingError(
                "the daemon ends, since nobody holds it any more",
                hint="wait until it is gone, and start another",
            )
        if len(self.held) >= MOST:
            raise LeaseLimitError(f"{MOST} leases are held", hint="release what is not needed")
        is_client = lease.kind != OPENING
        kept = (x for x in self.held if not (is_client and x.kind == OPENING))
        return self._of((*kept, lease))

    def renewed(self, lease_id: str, now: float) -> Leases:
        """With that one for another while. Raises UnknownLeaseError."""
        self.find(lease_id)
        return self._of(x.renewed(now) if x.id == lease_id else x for x in self.held)

    def without(self, lease_id: str) -> Leases:
        """Without that one, if it is there."""
        return self._of(x for x in self.held if x.id != lease_id)

    def at(self, now: float, *, slept: bool = False) -> Leases:
        """Without those whose time is up.

        `slept`: this process stood still, so that nobody could renew: each gets its time again.
        """
        if slept:
            return self._of(x.renewed(now) for x in self.held)
        return self._of(x for x in self.held if x.ends_at is None or x.ends_at > now)

    def inheriting(self, held: Iterable[Lease], *, returns_within_s: float, now: float) -> Leases:
        """With those an earlier daemon had, which has handed over to this one.

        One with a time begins it anew, since nobody could renew meanwhile; who held by a
        connection or a tie has a while to come back.
        """
        came = (_inherited(lease, returns_within_s).renewed(now) for lease in held)
        return self._of((*self.held, *came))

    def _of(self, held: Iterable[Lease]) -> Leases:
        return replace(self, held=tuple(held))


def _inherited(lease: Lease, returns_within_s: float) -> Lease:
    if lease.ttl_s is not None:
        return lease
    return replace(lease, kind="returning", ttl_s=returns_within_s)


def opening_leases(*, is_binding: bool, waits_s: float, now: float) -> Leases:
    """The leases of a new daemon, which waits so long for its first client."""
    opening = Lease(OPENING, OPENING, "the first client", waits_s, now + waits_s)
    return Leases(is_binding, (opening,) if is_binding else ())
