from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from runtime_manager.errors import ManifestError
from runtime_manager.model.manifest import Manifest
from runtime_manager.model.provider import Invalid, Provider
from runtime_manager.packages.discovery import Scan
from runtime_manager.supervisor.changes import Fate, Listed, Standing, changes

NOON = datetime(2030, 1, 2, 12, 0, tzinfo=UTC)
BROKEN = ManifestError("line 3: no")


def provider(code: str, **given: Any) -> Provider:
    manifest = Manifest.model_validate({"code": code, "binary": "/bin/true", **given})
    return Provider(manifest, Path("/p") / code, Path("/p") / code / "manifest.yaml")


def invalid(code: str, why: str = "line 3: no") -> Invalid:
    return Invalid(code, Path("/p") / code, ManifestError(why), NOON)


def listed(*providers: Provider, up: bool = True, failed: bool = False, **more: Any) -> Listed:
    standing = {p.code: Standing(p, is_wanted_up=up, has_failed=failed) for p in providers}
    return Listed(standing, more.get("invalid", {}), more.get("broken", {}))


def scan(*providers: Provider, invalid: tuple[Invalid, ...] = (), **broken: ManifestError) -> Scan:
    return Scan(providers, invalid, broken)


def fates(now: Listed, found: Scan) -> list[tuple[str, Fate]]:
    return [(one.code, one.fate) for one in changes(now, found)]


def test_nothing_changes_where_nothing_has_changed() -> None:
    now = listed(provider("a"), invalid={"b": invalid("b")})
    assert fates(now, scan(provider("a"), invalid=(invalid("b"),))) == []


def test_what_goes_is_told_before_what_comes() -> None:
    now = listed(provider("z"), invalid={"y": invalid("y")})
    found = scan(provider("a"), invalid=(invalid("b"),))
    assert fates(now, found) == [
        ("y", Fate.REMOVED),
        ("z", Fate.REMOVED),
        ("a", Fate.ADDED),
        ("b", Fate.INVALID),
    ]


def test_a_mended_package_is_added() -> None:
    assert fates(listed(invalid={"a": invalid("a")}), scan(provider("a"))) == [("a", Fate.ADDED)]


@pytest.mark.parametrize(
    ("given", "up", "failed", "fate"),
    [
        ({"version": "2"}, True, False, Fate.RESTARTED),
        ({"version": "2"}, False, False, Fate.CHANGED),
        ({"name": "n"}, True, False, Fate.CHANGED),
        ({"health": {"start_timeout": "1m"}}, True, True, Fate.RESTARTED),
        ({"health": {"start_timeout": "1m"}}, False, True, Fate.CHANGED),
    ],
)
def test_only_what_is_wanted_up_is_restarted_and_only_where_that_may_help(
    given: dict[str, Any], up: bool, failed: bool, fate: Fate
) -> None:
    now = listed(provider("a"), up=up, failed=failed)
    (change,) = changes(now, scan(provider("a", **given)))
    assert change.fate is fate
    assert change.provider == provider("a", **given)


def test_limits_of_a_running_program_are_said_to_wait() -> None:
    new = provider("a", limits={"open_files": 64})
    (running,) = changes(listed(provider("a")), scan(new))
    (resting,) = changes(listed(provider("a"), up=False), scan(new))
    assert (running.deferred, resting.deferred) == (("limits.open_files",), ())


def test_a_broken_edit_leaves_what_runs_and_says_why() -> None:
    (change,) = changes(listed(provider("a")), scan(provider("a"), a=BROKEN))
    assert (change.fate, change.error, change.provider) == (Fate.KEPT, BROKEN, None)


def test_a_provider_that_others_have_made_unusable_is_kept_too() -> None:
    assert fates(listed(provider("a")), scan(invalid=(invalid("a"),))) == [("a", Fate.KEPT)]


def test_the_mending_of_a_broken_edit_is_a_change() -> None:
    now = listed(provider("a"), broken={"a": BROKEN})
    (change,) = changes(now, scan(provider("a")))
    assert (change.fate, change.keys) == (Fate.CHANGED, ())


def test_another_reason_to_be_of_no_use_is_told_and_the_same_one_is_not() -> None:
    now = listed(invalid={"a": invalid("a")})
    assert fates(now, scan(invalid=(invalid("a"),))) == []
    assert fates(now, scan(invalid=(invalid("a", "line 4: no"),))) == [("a", Fate.INVALID)]
    moved = replace(invalid("a"), folder=Path("/q"))
    assert fates(now, scan(invalid=(moved,))) == [("a", Fate.INVALID)]
