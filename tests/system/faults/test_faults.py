"""Each fault is told with its cause in time, and costs the others nothing."""

from __future__ import annotations

import resource
from collections.abc import Callable

import pytest

from tests.system.child import HomeFolder
from tests.system.faults import machine, run
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


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="Linux has prlimit(2)")
def test_logs_that_cannot_be_written_cost_nobody_anything(home: HomeFolder) -> None:
    words = ("--port", "{port}", "--stderr", "still here")
    home.add("talks", *words, start="manual")
    with run.stage(home, ()) as stage:
        with machine.no_file_over(1, stage.daemon.process.pid):
            assert stage.daemon.do("start", "talks").json["state"] == "ready"
            assert "still here" in stage.daemon.rtm("logs", "talks").stdout
            assert stage.daemon.do("restart", "talks").json["state"] == "ready"
            assert stage.effect() == "none"
        assert stage.daemon.do("stop", "talks").json["state"] == "stopped"
