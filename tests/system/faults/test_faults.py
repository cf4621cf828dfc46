"""Each fault is told with its cause in time, and costs the others nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.system.child import HomeFolder
from tests.system.faults import run
from tests.system.faults.fault import SLACK_S, Fault, Outcome

pytestmark = pytest.mark.timeout(180)


@pytest.mark.parametrize("group", run.GROUPS)
def test_each_is_told_with_its_cause_in_time_and_costs_the_others_nothing(
    home: HomeFolder, group: Callable[[HomeFolder], dict[Fault, Outcome]]
) -> None:
    outcomes = group(home)
    assert {f.title: o.told for f, o in outcomes.items()} == {f.title: f.told for f in outcomes}
    assert {o.effect for o in outcomes.values()} == {"none"}
    late = {f.title: o.seconds for f, o in outcomes.items() if o.seconds > f.limit_s + SLACK_S}
    assert not late
