from __future__ import annotations

from pathlib import Path

import pytest

from runtime_manager.checkup import machine
from runtime_manager.checkup.rows import counted
from runtime_manager.model.manifest import parse_manifest
from runtime_manager.model.provider import Provider
from runtime_manager.process.cgroup import Delegation, Refusal

NOWHERE = Refusal("there is no cgroup v2 here")


def provider(text: str) -> Provider:
    manifest = parse_manifest(f"code: cool\n{text}", file="manifest.yaml", dir_name="cool")
    return Provider(manifest, Path("/cool"), Path("/cool/manifest.yaml"))


def test_limits_that_only_a_cgroup_keeps_are_told_by_who_asks() -> None:
    asking = provider("binary: sh\nlimits: {cpu: 0.5}\n")
    row = machine.cgroup([asking], NOWHERE)
    assert (row.level, "refused: cool" in row.text) == ("warn", True)
    memory = provider("binary: sh\nlimits: {memory: 64MiB}\n")
    assert machine.cgroup([memory], NOWHERE).text.endswith("as cool asked")
    assert machine.cgroup([], NOWHERE).level == "note"


def test_a_delegated_cgroup_is_well() -> None:
    asking = provider("binary: sh\nlimits: {cpu: 0.5}\n")
    whole = Delegation(Path("/c"), frozenset({"cpu", "memory", "pids"}))
    assert machine.cgroup([asking], whole).level == "ok"
    part = machine.cgroup([asking], Delegation(Path("/c"), frozenset({"memory"})))
    assert (part.level, "refused: cool" in part.text) == ("warn", True)


@pytest.mark.parametrize(("connections", "level"), [(1, "ok"), (10**9, "bad")])
def test_the_limit_on_files_is_held_against_what_settings_allow(
    connections: int, level: str
) -> None:
    assert machine.open_files(None, connections=connections, providers=3).level == level


def test_a_clock_before_this_program_was_made_is_wrong() -> None:
    row = machine.clock([], now=0.0)
    assert (row.level, row.text) == ("bad", "it says 1970-01-01 00:00:00 UTC")


def test_files_of_later_than_now_tell_of_a_clock_set_back(tmp_path: Path) -> None:
    changed_at = tmp_path.stat().st_mtime
    assert machine.clock([tmp_path, tmp_path / "none"], now=changed_at).level == "ok"
    assert machine.clock([tmp_path], now=changed_at - 3600).level == "warn"


@pytest.mark.parametrize(
    ("watches", "instances", "level"),
    [(65536, 10**6, "ok"), (100, 10**6, "warn"), (65536, 0, "warn")],
)
def test_inotify_is_held_against_what_is_in_use(
    watches: int, instances: int, level: str, tmp_path: Path
) -> None:
    (tmp_path / "max_user_watches").write_text(f"{watches}\n")
    (tmp_path / "max_user_instances").write_text(f"{instances}\n")
    assert [row.level for row in machine.inotify(tmp_path)] == [level]


def test_without_inotify_nothing_is_said_of_it(tmp_path: Path) -> None:
    assert list(machine.inotify(tmp_path)) == []


@pytest.mark.parametrize(
    ("count", "noun", "told"),
    [(1, "process", "1 process"), (2, "process", "2 processes"), (0, "provider", "0 providers")],
)
def test_things_are_counted_in_words(count: int, noun: str, told: str) -> None:
    assert counted(count, noun) == told
