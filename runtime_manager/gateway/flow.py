"""How much is in flight to one generation of a provider, and when that has come down to nothing."""

from __future__ import annotations

from typing import NamedTuple

from runtime_manager.gateway.observer import Observer


class Traffic(NamedTuple):
    """Of one provider, all generations together; `requests` counts since the gateway began."""

    in_flight: int = 0
    requests: int = 0


NO_TRAFFIC = Traffic()


class Flow:
    """Counts requests and tunnels forwarded to one generation.

    While its route is open, coming down to zero is told at the next tick, if it is still so: a busy
    provider passes zero thousands of times a second. Once `is_draining` it is told at once.
    """

    __slots__ = ("code", "count", "generation", "is_draining", "total", "was_settled")

    def __init__(self, code: str, generation: int) -> None:
        self.code = code
        self.generation = generation
        self.count = 0
        self.total = 0
        """Requests since the beginning."""
        self.is_draining = False
        self.was_settled = True

    def enter(self) -> None:
        """One more is forwarded."""
        self.count += 1
        self.total += 1
        self.was_settled = False

    def leave(self, observer: Observer) -> None:
        """One of them has ended."""
        self.count -= 1
        if self.is_draining:
            self.settle(observer)

    def settle(self, observer: Observer) -> None:
        """Tell the observer, once, if nothing is in flight."""
        if self.count == 0 and not self.was_settled:
            self.was_settled = True
            observer.settled(self.code, self.generation)
