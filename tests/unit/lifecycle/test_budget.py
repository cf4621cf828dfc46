from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime_manager.lifecycle.budget import Budget


@pytest.mark.parametrize(
    ("failures", "rest_s"), [(0, 0.5), (1, 0.5), (2, 1.0), (3, 2.0), (7, 30.0), (10_000, 30.0)]
)
def test_each_rest_is_twice_the_last_up_to_the_most(failures: int, rest_s: float) -> None:
    assert Budget().rest_s(failures, jitter=0.0) == rest_s


@given(st.integers(1, 100), st.floats(0, 1, exclude_max=True))
def test_jitter_adds_at_most_a_tenth(failures: int, jitter: float) -> None:
    plain = Budget().rest_s(failures, jitter=0.0)
    assert plain <= Budget().rest_s(failures, jitter=jitter) <= plain * 1.1


@pytest.mark.parametrize(("failures", "is_left"), [(0, True), (3, True), (4, False), (5, False)])
def test_the_fifth_failure_is_final(failures: int, is_left: bool) -> None:
    assert Budget().is_left(failures) is is_left


@pytest.mark.parametrize(("ready_for_s", "still"), [(0.0, 3), (59.9, 3), (60.0, 0)])
def test_a_minute_of_ready_forgets_failures(ready_for_s: float, still: int) -> None:
    assert Budget().after_ready(3, ready_for_s=ready_for_s) == still


def test_what_is_not_its_fault_leaves_two_tries_and_makes_rests_longer() -> None:
    budget, failures, counted = Budget(), 0, []
    for _ in range(6):
        failures = budget.after_failure(failures, is_ours=True)
        counted.append(failures)
    assert counted == [1, 2, 3, 3, 3, 3]
    assert budget.is_left(failures)
    assert budget.after_failure(4, is_ours=True) == 4
    assert budget.after_failure(failures, is_ours=False) == 4
