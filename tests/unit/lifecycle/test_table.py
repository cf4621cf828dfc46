from __future__ import annotations

from dataclasses import replace

import pytest

from runtime_manager.lifecycle.budget import Budget
from runtime_manager.lifecycle.table import (
    ASKED,
    IGNORED,
    LIVE,
    TABLE,
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

S, E, F = State, Event, Effect
START, STOP, REST, OFF = (
    (F.SPAWN, F.ARM_START),
    (F.TERM, F.ARM_STOP),
    (F.ARM_BACKOFF,),
    (F.DISARM,),
)

POLICY = Policy(budget=Budget(max_failures=3, settle_s=60.0), unhealthy_after=3)
SPENT = {"failures": 2}
UP, DOWN = {"wanted": Wanted.UP}, {"wanted": Wanted.DOWN}
FAILING = {"wanted": Wanted.UP, "is_failing": True}
CLEAN = {"is_clean": True}

# One example for each row, in the table's order: state, what else is so, event, what it carries.
EXAMPLES = [
    (S.STOPPED, {}, E.START, {}, S.STARTING, START),
    (S.STOPPED, {}, E.RESTART, {}, S.STARTING, START),
    (S.STARTING, {}, E.STOP, {}, S.STOPPING, STOP),
    (S.STARTING, {}, E.RESTART, {}, S.STOPPING, STOP),
    (S.STARTING, {}, E.SPAWN_FAILED, {}, S.BACKOFF, REST),
    (S.STARTING, {}, E.SPAWN_FAILED, {"is_permanent": True}, S.FAILED, OFF),
    (S.STARTING, {}, E.PROBE_PASSED, {}, S.READY, OFF),
    (S.STARTING, {}, E.EXITED, {}, S.BACKOFF, REST),
    (S.STARTING, SPENT, E.EXITED, {}, S.FAILED, OFF),
    (S.STARTING, {}, E.DEADLINE, {}, S.STOPPING, STOP),
    (S.READY, {}, E.STOP, {}, S.STOPPING, STOP),
    (S.READY, {}, E.RESTART, {}, S.STOPPING, STOP),
    (S.READY, {}, E.PROBE_PASSED, {}, S.READY, ()),
    (S.READY, {"failed_probes": 2}, E.PROBE_FAILED, {}, S.UNHEALTHY, (F.ARM_UNHEALTHY,)),
    (S.READY, {}, E.PROBE_FAILED, {}, S.READY, ()),
    (S.READY, {}, E.EXITED, CLEAN, S.STOPPED, ()),
    (S.READY, {}, E.EXITED, {}, S.BACKOFF, REST),
    (S.READY, SPENT, E.EXITED, {}, S.FAILED, ()),
    (S.UNHEALTHY, {}, E.STOP, {}, S.STOPPING, STOP),
    (S.UNHEALTHY, {}, E.RESTART, {}, S.STOPPING, STOP),
    (S.UNHEALTHY, {}, E.PROBE_PASSED, {}, S.READY, OFF),
    (S.UNHEALTHY, {}, E.EXITED, CLEAN, S.STOPPED, OFF),
    (S.UNHEALTHY, {}, E.EXITED, {}, S.BACKOFF, REST),
    (S.UNHEALTHY, SPENT, E.EXITED, {}, S.FAILED, OFF),
    (S.UNHEALTHY, {}, E.DEADLINE, {}, S.STOPPING, STOP),
    (S.STOPPING, DOWN, E.START, {}, S.STOPPING, ()),
    (S.STOPPING, UP, E.STOP, {}, S.STOPPING, ()),
    (S.STOPPING, DOWN, E.RESTART, {}, S.STOPPING, ()),
    (S.STOPPING, DOWN, E.EXITED, {}, S.STOPPED, OFF),
    (S.STOPPING, UP, E.EXITED, {}, S.STARTING, START),
    (S.STOPPING, FAILING, E.EXITED, {}, S.BACKOFF, REST),
    (S.STOPPING, FAILING | SPENT, E.EXITED, {}, S.FAILED, OFF),
    (S.STOPPING, DOWN, E.DEADLINE, {}, S.STOPPING, (F.KILL, F.ARM_KILL)),
    (S.BACKOFF, {}, E.START, {}, S.STARTING, START),
    (S.BACKOFF, {}, E.STOP, {}, S.STOPPED, OFF),
    (S.BACKOFF, {}, E.RESTART, {}, S.STARTING, START),
    (S.BACKOFF, {}, E.DEADLINE, {}, S.STARTING, START),
    (S.FAILED, {}, E.START, {}, S.STARTING, START),
    (S.FAILED, {}, E.STOP, {}, S.STOPPED, ()),
    (S.FAILED, {}, E.RESTART, {}, S.STARTING, START),
]


def instance(state: State, **more: object) -> Instance:
    return replace(Instance(POLICY, state=state, generation=7, timer=9, wanted=Wanted.UP), **more)


def seen(event: Event, at: float = 100.0, **more: object) -> Input:
    asked = event in ASKED
    about = {
        "generation": 0 if asked else 7,
        "timer": 9 if event is E.DEADLINE else 0,
        **more,
    }
    return Input(event, at, **about)  # type: ignore[arg-type]  # a table of keywords


@pytest.mark.parametrize(("row", "example"), list(zip(TABLE, EXAMPLES, strict=True)))
def test_each_row_does_what_it_says(row: object, example: tuple[object, ...]) -> None:
    state, have, event, carries, to, effects = example
    after, todo = step(instance(state, **have), seen(event, **carries))  # type: ignore[arg-type]
    assert (after.state, todo) == (to, effects)
    assert (row.state, row.event, row.to, row.effects) == (state, event, to, effects)  # type: ignore[attr-defined]


PAIRS = {(row.state, row.event) for row in TABLE}
LATE_THERE = {(state, event) for state in set(State) - LIVE for event in set(Event) - ASKED}


@pytest.mark.parametrize("pair", sorted(IGNORED))
def test_an_ignored_event_changes_nothing_but_what_is_wanted(pair: tuple[State, Event]) -> None:
    before = instance(pair[0])
    after, effects = step(before, seen(pair[1]))
    assert replace(after, wanted=before.wanted) == before
    assert effects == ()


@pytest.mark.parametrize(
    "pair", sorted({(s, e) for s in LIVE for e in set(Event) - ASKED} - PAIRS - IGNORED)
)
def test_what_is_not_in_the_table_cannot_happen(pair: tuple[State, Event]) -> None:
    with pytest.raises(IllegalEventError, match=str(pair[1])):
        step(instance(pair[0]), seen(pair[1]))


@pytest.mark.parametrize("pair", sorted(LATE_THERE - PAIRS - {(S.BACKOFF, E.DEADLINE)}))
def test_a_fact_about_a_closed_generation_is_late(pair: tuple[State, Event]) -> None:
    before = instance(pair[0])
    carries = {"timer": 8} if pair[1] is E.DEADLINE else {}
    assert step(before, seen(pair[1], **carries)) == (before, ())


@pytest.mark.parametrize("state", sorted(State))
@pytest.mark.parametrize("event", sorted(set(Event) - ASKED))
def test_a_fact_about_an_older_generation_is_late(state: State, event: Event) -> None:
    before = instance(state)
    assert step(before, seen(event, generation=6, timer=8)) == (before, ())


@pytest.mark.parametrize("state", sorted(State))
@pytest.mark.parametrize("early", [{"generation": 8}, {"timer": 10}])
def test_a_fact_about_what_is_still_to_come_cannot_happen(
    state: State, early: dict[str, int]
) -> None:
    event = E.DEADLINE if "timer" in early else E.EXITED
    with pytest.raises(IllegalEventError):
        step(instance(state), seen(event, **early))


def test_a_stop_while_stopped_is_remembered_so_that_no_request_wakes_it() -> None:
    resting = instance(S.STOPPED, wanted=Wanted.ON_DEMAND)
    after, effects = step(resting, seen(E.STOP))
    assert (after.state, after.wanted, effects) == (S.STOPPED, Wanted.DOWN, ())


def test_an_idle_stop_leaves_it_on_demand() -> None:
    after, _ = step(instance(S.READY), seen(E.STOP, wanted=Wanted.ON_DEMAND))
    assert after.wanted is Wanted.ON_DEMAND
    stopped, _ = step(after, seen(E.EXITED))
    assert (stopped.state, stopped.wanted) == (S.STOPPED, Wanted.ON_DEMAND)


def test_a_request_during_an_idle_stop_starts_it_again() -> None:
    stopping, _ = step(instance(S.READY), seen(E.STOP, wanted=Wanted.ON_DEMAND))
    woken, _ = step(stopping, seen(E.START))
    again, effects = step(woken, seen(E.EXITED))
    assert (again.state, again.generation, effects) == (S.STARTING, 8, START)


def test_what_ends_well_by_itself_rests_as_its_manifest_says() -> None:
    policy = replace(POLICY, at_rest=Wanted.ON_DEMAND)
    after, _ = step(instance(S.READY, policy=policy), seen(E.EXITED, is_clean=True))
    assert (after.state, after.wanted) == (S.STOPPED, Wanted.ON_DEMAND)


def test_always_restarts_after_a_clean_exit_too() -> None:
    policy = replace(POLICY, restart=RestartPolicy.ALWAYS)
    after, _ = step(instance(S.READY, policy=policy), seen(E.EXITED, is_clean=True))
    assert (after.state, after.failures) == (S.BACKOFF, 1)


def test_never_ends_in_failed_after_a_crash() -> None:
    policy = replace(POLICY, restart=RestartPolicy.NEVER)
    after, _ = step(instance(S.READY, policy=policy), seen(E.EXITED))
    assert after.state is S.FAILED


def test_an_ask_in_a_failing_stop_takes_the_failure_off_it() -> None:
    after, _ = step(instance(S.STOPPING, **FAILING, failures=2), seen(E.START))
    assert (after.is_failing, after.failures) == (False, 0)


def test_a_second_deadline_keeps_a_failing_stop_failing() -> None:
    after, _ = step(instance(S.STOPPING, **FAILING), seen(E.DEADLINE))
    assert (after.is_failing, after.timer) == (True, 10)


def test_a_long_spell_of_ready_forgets_the_failures() -> None:
    ready = instance(S.READY, ready_at=0.0, **SPENT)
    assert step(ready, seen(E.EXITED, at=59.9))[0].state is S.FAILED
    after, _ = step(ready, seen(E.EXITED, at=60.0))
    assert (after.state, after.failures) == (S.BACKOFF, 1)


def test_the_spell_of_ready_is_broken_by_being_unhealthy() -> None:
    ready = instance(S.READY, ready_at=0.0, failures=2, failed_probes=2)
    sick, _ = step(ready, seen(E.PROBE_FAILED, at=50.0))
    well, _ = step(sick, seen(E.PROBE_PASSED, at=51.0))
    assert (sick.ready_at, well.ready_at, well.failures) == (None, 51.0, 2)


def test_a_passed_probe_starts_the_count_of_failed_ones_anew() -> None:
    after, _ = step(instance(S.READY, failed_probes=2, ready_at=5.0), seen(E.PROBE_PASSED))
    assert (after.failed_probes, after.ready_at) == (0, 5.0)


def test_a_number_that_is_reserved_is_passed_over() -> None:
    instance, _ = step(Instance(Policy(), generation=2, reserved=4), Input(Event.START, 0.0))
    assert instance.generation == 5


def test_a_start_that_lacks_something_of_the_daemon_is_tried_for_as_long_as_it_takes() -> None:
    now = Instance(POLICY, State.STARTING, Wanted.UP, generation=1, timer=1)
    for _ in range(10):
        lacking = Input(E.SPAWN_FAILED, 1.0, now.generation, is_scarcity=True)
        now, effects = step(now, lacking)
        assert (now.state, effects) == (S.BACKOFF, REST)
        now, _ = step(now, Input(E.DEADLINE, 2.0, now.generation, now.timer))
    assert now.failures == POLICY.budget.max_failures - 2


def test_one_that_is_never_to_be_tried_again_is_not_tried_for_want_either() -> None:
    policy = Policy(restart=RestartPolicy.NEVER)
    now = Instance(policy, State.STARTING, Wanted.UP, generation=1, timer=1)
    now, _ = step(now, Input(E.SPAWN_FAILED, 1.0, 1, is_scarcity=True))
    assert now.state is S.FAILED
