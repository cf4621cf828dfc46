"""Counts of requests, by generation and by provider."""

from __future__ import annotations

from runtime_manager.clock import SystemClock
from runtime_manager.gateway.flow import NO_TRAFFIC, Flows
from runtime_manager.gateway.observer import Notes


class Deaf(Notes):
    """An observer that is told nothing of interest here."""

    def __init__(self) -> None:
        super().__init__(self, clock=SystemClock())

    def acknowledged(self, revision: int) -> None: ...

    def wake(self, code: str) -> None: ...

    def settled(self, code: str, generation: int) -> None: ...


def test_a_providers_traffic_is_that_of_all_its_generations() -> None:
    flows = Flows()
    old, new, other = flows.of("cool", 1), flows.of("cool", 2), flows.of("other", 1)
    for flow in (old, old, new, other):
        flow.enter()
    assert flows.of("cool", 1) is old
    assert flows.in_flight("cool", 1) == 2
    assert flows.traffic("cool") == (3, 3)
    assert flows.traffic("none") == NO_TRAFFIC


def test_requests_are_remembered_when_their_generation_is_forgotten() -> None:
    flows = Flows()
    flow = flows.of("cool", 1)
    flow.enter()
    flows.keep(set())
    assert flows.all() == [flow]  # something is in flight to it still
    flow.leave(Deaf())
    flows.keep(set())
    assert flows.all() == []
    assert flows.traffic("cool") == (0, 1)
    flows.of("cool", 2).enter()
    assert flows.traffic("cool") == (1, 2)
