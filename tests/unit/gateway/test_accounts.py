"""What the owner is told: notes without floods, in-flight counts, one summary per drain."""

from __future__ import annotations

from datetime import UTC, datetime

from runtime_manager.gateway.flow import Flow
from runtime_manager.gateway.limits import GatewayLimits
from runtime_manager.gateway.observer import LINES_PER_SECOND, Notes


class Recorder:
    def __init__(self) -> None:
        self.notes: list[tuple[str, dict[str, object]]] = []
        self.settlements: list[tuple[str, int]] = []

    def acknowledged(self, revision: int) -> None: ...

    def wake(self, code: str) -> None: ...

    def settled(self, code: str, generation: int) -> None:
        self.settlements.append((code, generation))

    def note(self, event: str, **fields: object) -> None:
        self.notes.append((event, fields))


class SetClock:
    def __init__(self) -> None:
        self.at = 0.0

    def monotonic(self) -> float:
        return self.at

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)


def test_a_flood_of_notes_is_cut_and_counted():
    recorder, clock = Recorder(), SetClock()
    notes = Notes(recorder, clock=clock)
    for _ in range(100):
        notes.note("bad", code="x")
    notes.note("other")
    assert len(recorder.notes) == LINES_PER_SECOND + 1
    clock.at = 1.0
    notes.note("bad", code="x")
    assert recorder.notes[-1] == ("bad", {"code": "x", "left_out": 100 - LINES_PER_SECOND})


def test_an_open_routes_count_is_told_when_it_stays_at_zero():
    recorder, flow = Recorder(), Flow("x", 1)
    flow.settle(recorder)
    flow.enter()
    flow.settle(recorder)
    flow.leave(recorder)
    assert recorder.settlements == []
    flow.settle(recorder)
    flow.settle(recorder)
    assert recorder.settlements == [("x", 1)]


def test_a_draining_count_is_told_at_once():
    recorder, flow = Recorder(), Flow("x", 1)
    flow.enter()
    flow.enter()
    flow.is_draining = True
    flow.leave(recorder)
    assert recorder.settlements == []
    flow.leave(recorder)
    assert recorder.settlements == [("x", 1)]


def test_ticks_are_as_fine_as_the_shortest_time_out_asks():
    assert GatewayLimits().tick_s == 0.25
    assert GatewayLimits(wait_s=0.2).tick_s == 0.05
    assert GatewayLimits(wait_s=0.0).tick_s == 0.01
