from __future__ import annotations

from pathlib import Path

import pytest

from runtime_manager.errors import SpawnError
from runtime_manager.model.manifest import Limits
from runtime_manager.process.cgroup import Delegation, Refusal
from runtime_manager.process.instance_cgroup import pressure_of
from runtime_manager.process.limits import bounds_of
from runtime_manager.process.spawn import Rlimits

NOWHERE = Refusal("there is no cgroup v2 here")
HERE = Delegation(Path("/sys/fs/cgroup/unit"), frozenset({"memory", "cpu", "pids"}))
BARE = Delegation(Path("/sys/fs/cgroup/unit"), frozenset())


def limits(**fields: object) -> Limits:
    return Limits.model_validate(fields)


def test_without_cgroups_memory_and_files_are_held_by_rlimits() -> None:
    asked = limits(memory="256MiB", open_files=64)
    for found in (NOWHERE, BARE):
        bounds = bounds_of(asked, found)
        assert bounds.rlimits == Rlimits(data_bytes=256 * 2**20, open_files=64)
        assert not bounds.files


@pytest.mark.parametrize("asked", [{"processes": 10}, {"cpu": 0.5}])
@pytest.mark.parametrize("found", [NOWHERE, BARE])
def test_what_only_a_cgroup_can_keep_is_refused_with_the_reason(
    asked: dict[str, object], found: Refusal | Delegation
) -> None:
    with pytest.raises(SpawnError) as told:
        bounds_of(limits(**asked), found)
    assert told.value.is_permanent
    assert told.value.facts["kind"] == "limit-refused"
    assert next(iter(asked)) in told.value.message
    assert ("no cgroup v2" in told.value.message) is (found is NOWHERE)


def test_with_controllers_the_cgroup_keeps_all_but_open_files() -> None:
    asked = limits(memory="256MiB", open_files=64, processes=10, cpu=0.5)
    bounds = bounds_of(asked, HERE)
    assert bounds.rlimits == Rlimits(open_files=64)
    assert bounds.files == {
        "memory.max": str(256 * 2**20),
        "pids.max": "10",
        "cpu.max": "50000 100000",
    }


def test_nothing_asked_is_nothing_held() -> None:
    bounds = bounds_of(limits(), HERE)
    assert (bounds.rlimits, dict(bounds.files)) == (Rlimits(), {})


@pytest.mark.parametrize(
    ("text", "percent"),
    [
        ("some avg10=1.53 avg60=0.87 avg300=0.73 total=1\nfull avg10=9.00 avg60=0 total=2\n", 1.53),
        ("full avg10=9.00\n", None),
        ("", None),
    ],
)
def test_pressure_is_the_share_in_which_some_waited(text: str, percent: float | None) -> None:
    assert pressure_of(text) == percent
