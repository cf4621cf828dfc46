"""Random walks over the table: what must hold whatever happens, in any order."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime_manager.lifecycle.budget import Budget
from runtime_manager.lifecycle.table import (
    LIVE,
    TIMED,
    Effect,
    Event,
    IllegalEventError,
    Input,
    Instance,
    Policy,
    State,
    Wanted,
    step,
)
from runtime_manager.model.parts import RestartPolicy

policies = st.builds(
    Policy,
    restart=st.sampled_from(RestartPolicy),
    budget=st.builds(Budget, max_failures=st.integers(0, 4)),
    unhealthy_after=st.integers(1, 3),
    at_rest=st.sampled_from([Wanted.DOWN, Wanted.ON_DEMAND]),
)
asks = st.builds(
    lambda event, wanted: (event, {"wanted": wanted}),
    st.sampled_from([Event.START, Event.STOP, Event.RESTART]),
    st.sampled_from([None, Wanted.ON_DEMAND]),
)
facts = st.builds(
    lambda event, clean, permanent, scarce, age: (
        event,
        {"is_clean": clean, "is_permanent": permanent, "is_scarcity": scarce, "age": age},
    ),
    st.sampled_from(sorted(set(Event) - {Event.START, Event.STOP, Event.RESTART})),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from([0, 0, 0, 1]),
)
walks = st.lists(st.one_of(asks, facts), max_size=60)


class World:
    """The processes and timers an obedient runner would have."""

    def __init__(self, policy: Policy) -> None:
        self.now = 0.0
        self.instance = Instance(policy)
        self.is_alive = False
        self.armed: int | None = None

    def take(self, event: Event, carries: dict[str, object]) -> None:
        self.now += 1.0
        carries = dict(carries)
        age = carries.pop("age", 0)
        if age == 0 and not self._is_possible(event):
            return
        generation = 0 if "wanted" in carries else self.instance.generation - age  # type: ignore[operator]
        timer = self.instance.timer - age if event is Event.DEADLINE else 0  # type: ignore[operator]
        before = self.instance
        seen = Input(event, self.now, generation=generation, timer=timer, **carries)  # type: ignore[arg-type]
        self.instance, effects = step(before, seen)
        if event in (Event.EXITED, Event.SPAWN_FAILED) and age == 0:
            self.is_alive = False
        for effect in effects:
            self._carry_out(effect)
        if age:
            assert self.instance == before, "a late fact changed something"

    def _is_possible(self, event: Event) -> bool:
        match event:
            case Event.SPAWN_FAILED:
                return self.instance.state is State.STARTING
            case Event.DEADLINE:
                return self.armed is not None
            case Event.PROBE_PASSED | Event.PROBE_FAILED | Event.EXITED:
                return self.is_alive
            case _:
                return True

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Effect.SPAWN:
                assert not self.is_alive, "two processes of one instance"
                self.is_alive = True
            case Effect.TERM | Effect.KILL:
                assert self.is_alive, "a signal to what is reaped"
            case Effect.DISARM:
                self.armed = None
            case _:
                self.armed = self.instance.timer


@settings(max_examples=400)
@given(policies, walks)
def test_whatever_happens_the_invariants_hold(
    policy: Policy, walk: list[tuple[Event, dict[str, object]]]
) -> None:
    world = World(policy)
    for event, carries in walk:
        world.take(event, carries)
        instance = world.instance
        assert world.is_alive == (instance.state in LIVE)
        assert (world.armed is not None) == (instance.state in TIMED)
        assert world.armed in (None, instance.timer)
        assert (instance.ready_at is not None) == (instance.state is State.READY)
        assert instance.failures <= max(policy.budget.max_failures, 0)
        assert not instance.is_failing or instance.state is State.STOPPING


@settings(max_examples=200)
@given(policies, walks)
def test_wherever_it_is_a_stop_ends_it(
    policy: Policy, walk: list[tuple[Event, dict[str, object]]]
) -> None:
    world = World(policy)
    for event, carries in walk:
        world.take(event, carries)
    world.take(Event.STOP, {"wanted": None})
    while world.instance.state in LIVE:
        world.take(Event.EXITED, {})
    assert world.instance.state is State.STOPPED
    assert world.instance.wanted is Wanted.DOWN


@settings(max_examples=100)
@given(policies)
def test_a_crash_loop_ends_in_failed(policy: Policy) -> None:
    world = World(policy)
    world.take(Event.START, {"wanted": None})
    for _ in range(2 * policy.budget.max_failures + 1):
        world.take(Event.EXITED, {})
        world.take(Event.DEADLINE, {})
    assert world.instance.state is State.FAILED
    assert world.instance.wanted is Wanted.UP


def test_an_illegal_event_says_what_and_where() -> None:
    with pytest.raises(IllegalEventError, match=r"^exited while stopped, generation 1$"):
        step(Instance(Policy()), Input(Event.EXITED, 0.0, generation=1))
