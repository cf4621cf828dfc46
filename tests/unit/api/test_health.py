"""Readiness: who starts by itself must have had its outcome."""

from __future__ import annotations

from collections.abc import Callable

from runtime_manager.api.health import still_starting
from runtime_manager.supervisor.view import Cause, ProviderView

View = Callable[..., ProviderView]
WAITING = Cause("waiting", "waiting for base")


def test_none_is_starting_when_each_has_come_up_or_been_given_up(view: View) -> None:
    states = ("ready", "failed", "backoff", "unhealthy", "stopping")
    assert still_starting([view(state, state=state) for state in states]) == []


def test_one_that_is_starting_counts(view: View) -> None:
    assert still_starting([view("b", state="starting"), view("a", state="starting")]) == ["a", "b"]


def test_one_that_was_not_yet_touched_counts(view: View) -> None:
    assert still_starting([view("a", state="stopped", generation=0)]) == ["a"]


def test_one_that_starts_on_demand_or_by_hand_does_not(view: View) -> None:
    views = [view("a", state="starting", start="on-demand"), view("b", state="starting", start="")]
    assert still_starting(views) == []


def test_one_that_ended_well_does_not(view: View) -> None:
    assert still_starting([view("a", state="stopped", wanted="down")]) == []


def test_waiting_counts_while_what_it_waits_for_is_starting(view: View) -> None:
    waiting = {"state": "stopped", "generation": 0, "cause": WAITING}
    top = view("top", depends_on=("middle",), **waiting)
    middle = view("middle", depends_on=("base",), **waiting)
    assert still_starting([top, middle, view("base", state="starting")]) == [
        "base",
        "middle",
        "top",
    ]
    assert still_starting([top, middle, view("base", state="failed")]) == []


def test_an_invalid_package_does_not_count(view: View) -> None:
    assert still_starting([view("a", state="invalid", start="", generation=0)]) == []
