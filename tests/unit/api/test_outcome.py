"""When a start, stop or restart is done, and when it will not be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from runtime_manager.api.outcome import Deed, check, is_settled
from runtime_manager.api.problems import EndedError
from runtime_manager.supervisor.view import Cause, ProviderView

View = Callable[..., ProviderView]


def later(view: ProviderView) -> dict[str, object]:
    return {"since": view.since + timedelta(seconds=1)}


@pytest.mark.parametrize(
    ("deed", "before", "now", "settled"),
    [
        (Deed.START, {"state": "stopped"}, {"state": "ready"}, True),
        (Deed.START, {"state": "ready"}, {"state": "ready"}, True),
        (Deed.START, {"state": "failed"}, {"state": "failed"}, False),
        (Deed.START, {"state": "failed"}, {"state": "failed", "generation": 2}, True),
        (Deed.START, {"state": "stopped"}, {"state": "starting", "generation": 2}, False),
        (Deed.START, {"state": "stopped"}, {"state": "backoff", "generation": 2}, False),
        (Deed.STOP, {}, {"state": "ready", "wanted": "up"}, False),
        (Deed.STOP, {}, {"state": "stopping", "wanted": "down"}, False),
        (Deed.STOP, {}, {"state": "stopped", "wanted": "down"}, True),
        (Deed.STOP, {}, {"state": "stopped", "wanted": "on-demand"}, False),
        (Deed.RESTART, {}, {"state": "ready"}, False),
        (Deed.RESTART, {}, {"state": "ready", "generation": 2}, True),
    ],
)
def test_it_is_settled_once_the_outcome_is_there(
    view: View, deed: Deed, before: dict[str, object], now: dict[str, object], settled: bool
) -> None:
    assert is_settled(deed, view(**before), view(**now)) is settled


def test_a_start_that_waits_for_a_dependency_is_not_over(view: View) -> None:
    before = view(state="stopped", wanted="down")
    waiting = view(state="stopped", wanted="up", **later(before))
    assert not is_settled(Deed.START, before, waiting)


def test_a_start_that_somebody_stopped_is_over(view: View) -> None:
    before = view(state="stopped", wanted="down")
    assert is_settled(Deed.START, before, view(state="stopped", wanted="down", **later(before)))


def test_a_wait_that_ended_in_failure_tells_the_cause_and_the_hint(view: View) -> None:
    after = view(state="failed", generation=2, cause=Cause("exited", "exit code 3", "see logs"))
    with pytest.raises(EndedError, match="echo is failed: exit code 3") as caught:
        check(Deed.START, view(), after)
    assert caught.value.hint == "see logs"


def test_a_wait_that_ended_without_a_cause_says_where_to_look(view: View) -> None:
    with pytest.raises(EndedError) as caught:
        check(Deed.START, view(), view(state="stopped", wanted="down"))
    assert "rtm status echo" in caught.value.hint


def test_a_wait_that_ended_well_raises_nothing(view: View) -> None:
    check(Deed.STOP, view(), view(state="stopped", wanted="down"))
