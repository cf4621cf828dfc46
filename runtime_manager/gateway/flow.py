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


class Flows:
    """The counts of every generation that a route leads to or something is in flight to."""

    def __init__(self) -> None:
        self._by_code: dict[str, dict[int, Flow]] = {}
        self._forgotten: dict[str, int] = {}
        """By code, the requests of generations that are no more."""

    def all(self) -> list[Flow]:
        """Each of them."""
        return [flow for flows in self._by_code.values() for flow in flows.values()]

    def of(self, code: str, generation: int) -> Flow:
        """The count of one generation, which begins at zero."""
        flows = self._by_code.setdefault(code, {})
        if generation not in flows:
            flows[generation] = Flow(code, generation)
        return flows[generation]

    def in_flight(self, code: str, generation: int) -> int:
        """How many are in flight to one generation."""
        flow = self._by_code.get(code, {}).get(generation)
        return 0 if flow is None else flow.count

    def traffic(self, code: str) -> Traffic:
        """All generations of one provider together."""
        flows = self._by_code.get(code, {}).values()
        total = self._forgotten.get(code, 0) + sum(flow.total for flow in flows)
        return Traffic(sum(flow.count for flow in flows), total)

    def keep(self, in_use: set[Flow]) -> None:
        """Let the others drain, and forget those to which nothing is in flight."""
        for flow in self.all():
            flow.is_draining = flow not in in_use
            if flow.is_draining and flow.count == 0:
                del self._by_code[flow.code][flow.generation]
                past = self._forgotten.get(flow.code, 0)
                self._forgotten[flow.code] = past + flow.total
