"""Root at work in another user's home, as on a system service's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runtime_manager.model.home import Home
from runtime_manager.model.registry import Registry, RegistryEntry
from runtime_manager.packages.disk import Disk
from runtime_manager.packages.ownership import hand_to_owner
from runtime_manager.packages.staging import staging
from runtime_manager.packages.transaction import Transactions

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
SOMEBODY = 61234


@pytest.fixture
def theirs(tmp_path: Path) -> Home:
    home = Home(tmp_path / "theirs")
    home.root.mkdir()
    os.chown(home.root, SOMEBODY, SOMEBODY)
    return home


def owners(folder: Path) -> set[int]:
    return {path.lstat().st_uid for path in (folder, *folder.rglob("*"))}


def test_what_root_changes_belongs_to_the_home_s_owner(theirs: Home) -> None:
    with staging(theirs, Disk()):
        assert theirs.packages.stat().st_uid == SOMEBODY
    entry = RegistryEntry(version="1.0.0", folder="1.0.0-abc")
    Transactions(theirs).update(lambda before: Registry({"cool": entry}))
    assert owners(theirs.packages) == owners(theirs.providers) == {SOMEBODY}
    assert theirs.registry.exists()


def test_links_are_given_and_what_they_lead_to_is_not(theirs: Home, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").touch()
    theirs.packages.mkdir()
    (theirs.packages / "link").symlink_to(tmp_path / "elsewhere")
    (theirs.packages / "second-name").hardlink_to(tmp_path / "elsewhere" / "file")
    hand_to_owner(theirs)
    assert (theirs.packages / "link").lstat().st_uid == SOMEBODY
    assert owners(tmp_path / "elsewhere") == {0}


def test_in_roots_own_home_nothing_is_given(tmp_path: Path) -> None:
    home = Home(tmp_path / "ours")
    home.packages.mkdir(parents=True)
    other = home.packages / "other"
    other.touch()
    os.chown(other, SOMEBODY, SOMEBODY)
    hand_to_owner(home)
    assert (home.packages.stat().st_uid, other.stat().st_uid) == (0, SOMEBODY)
