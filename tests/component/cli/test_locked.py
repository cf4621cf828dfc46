"""A set of packages made again elsewhere from its registry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from runtime_manager.model.home import Home
    from tests.component.cli.canned import Rtm


@pytest.fixture
def lock(tmp_path: Path, home: Home, rtm: Rtm) -> Path:
    """The registry of a home in which two packages are installed, one held, one not started."""
    for code in ("cool", "other"):
        folder = tmp_path / code
        folder.mkdir()
        (folder / "manifest.yaml").write_text(f"code: {code}\nversion: 1.0.0\nbinary: ./run\n")
        (folder / "run").write_text("#!/bin/sh\n")
        (folder / "run").chmod(0o755)
    rtm("pack", str(tmp_path / "other"), "-o", str(tmp_path / "other-1.0.0.tar.gz"))
    assert rtm("install", str(tmp_path / "cool")).code == 0
    assert rtm("install", str(tmp_path / "other-1.0.0.tar.gz")).code == 0
    rtm("hold", "cool")
    rtm("disable", "other")
    file = tmp_path / "lock.yaml"
    file.write_bytes(home.registry.read_bytes())
    rtm("unhold", "cool")
    rtm("uninstall", "cool", "other")
    return file


def test_the_same_set_is_made_again(home: Home, rtm: Rtm, lock: Path) -> None:
    done = rtm("install", "--locked", str(lock))
    assert (done.code, done.out) == (0, "installed cool 1.0.0\ninstalled other 1.0.0\n"), done.err
    from runtime_manager.model.registry import parse_registry

    was, now = (parse_registry(p.read_bytes(), file=str(p)) for p in (lock, home.registry))
    for code in ("cool", "other"):
        before, after = was.providers[code], now.providers[code]
        assert after.tree_digest == before.tree_digest
        assert (after.held, after.auto_start) == (before.held, before.auto_start)
    assert rtm("verify").code == 0


def test_a_source_that_has_changed_is_refused(
    home: Home, rtm: Rtm, lock: Path, tmp_path: Path
) -> None:
    (tmp_path / "cool" / "run").write_text("#!/bin/sh\nexit\n")
    done = rtm("install", "--locked", str(lock))
    assert done.code == 1
    assert "cool 1.0.0 from" in done.err
    assert "is not what was locked" in done.err
    assert not (home.providers / "cool").exists()


def test_what_cannot_be_had_elsewhere_is_said_before_anything_is_fetched(
    rtm: Rtm, lock: Path, home: Home
) -> None:
    lock.write_text(lock.read_text() + "  linked: {version: '1.0', source: 'link:/somewhere'}\n")
    done = rtm("install", "--locked", str(lock))
    assert done.code == 1
    assert "linked cannot be had from elsewhere" in done.err
    assert not (home.providers / "cool").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [([], "either a SOURCE or --locked"), (["./x", "--locked", "y"], "either a SOURCE")],
)
def test_one_of_the_two_is_needed(rtm: Rtm, arguments: list[str], said: str) -> None:
    done = rtm("install", *arguments)
    assert done.code == 2
    assert said in done.err


def test_a_bad_lock_is_told_by_its_line(rtm: Rtm, tmp_path: Path) -> None:
    file = tmp_path / "lock.yaml"
    file.write_text("version: 1\nproviders:\n  cool: {held: perhaps}\n")
    done = rtm("install", "--locked", str(file))
    assert f"{file}:3" in done.err
    assert rtm("install", "--locked", str(tmp_path / "none")).code == 78
