from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from runtime_manager.client.whereabouts import Whereabouts, read_whereabouts
from runtime_manager.daemon.claim import Claim
from runtime_manager.daemon.credential import Credential
from runtime_manager.errors import AlreadyRunningError, DaemonError
from runtime_manager.model.home import Home

HERE = Whereabouts("http://127.0.0.1:1", "/s", 7, 1.0, "/t", "n", "1.0.0", 1)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    base = tmp_path / "short"
    base.mkdir()
    return Home(tmp_path / "h", sockets_base=base)


def test_what_is_published_is_read_back_and_is_for_the_owner_alone(home: Home) -> None:
    claim = Claim(home)
    claim.take()
    claim.publish(HERE)
    assert read_whereabouts(home) == HERE
    assert home.token.read_text().strip() == claim.token
    for path in (home.token, home.runtime_json):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.run.stat().st_mode) == 0o700
    claim.release()
    claim.release()
    assert read_whereabouts(home) is None
    assert not home.token.exists()


def test_a_short_folder_for_sockets_goes_with_the_claim(tmp_path: Path) -> None:
    base = tmp_path / "short"
    base.mkdir()
    home = Home(tmp_path / ("long" * 30), sockets_base=base)
    claim = Claim(home)
    claim.take()
    assert home.sockets.parent == base
    claim.release()
    assert list(base.iterdir()) == []


def test_a_second_claim_is_refused_until_the_first_is_given_back(home: Home) -> None:
    first = Claim(home)
    first.take()
    first.publish(HERE)
    with pytest.raises(AlreadyRunningError):
        Claim(home).take()
    first.release()
    again = Claim(home)
    again.take()
    again.release()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"url": 1}', '{"surprise": 1}'])
def test_a_damaged_file_is_as_good_as_none(home: Home, text: str) -> None:
    home.run.mkdir(parents=True)
    home.runtime_json.write_text(text)
    assert read_whereabouts(home) is None


def test_a_folder_for_sockets_that_is_a_link_is_refused(tmp_path: Path) -> None:
    base = tmp_path / "short"
    base.mkdir()
    home = Home(tmp_path / ("deep" * 30) / "h", sockets_base=base)
    assert home.sockets.parent == base
    (tmp_path / "elsewhere").mkdir()
    home.sockets.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DaemonError, match="is a link, or another user's"):
        Claim(home).take()


def test_a_home_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DaemonError, match=r"cannot write .*file"):
        Claim(Home(tmp_path / "file" / "h")).take()


def test_a_token_that_was_given_is_taken_and_written_nowhere(home: Home, tmp_path: Path) -> None:
    given = Credential("chosen-by-the-operator", tmp_path / "token")
    claim = Claim(home, given)
    claim.take()
    claim.publish(HERE)
    assert (claim.token, claim.token_file) == (given.token, given.file)
    assert not home.token.exists()
    assert not given.file.exists()
    claim.release()


def test_a_run_folder_elsewhere_is_found_from_the_home(home: Home, tmp_path: Path) -> None:
    elsewhere = replace(home, run_folder=tmp_path / "r")
    claim = Claim(elsewhere)
    claim.take()
    claim.publish(HERE)
    other = replace(home, run_folder=tmp_path / "other")
    for asked in (home, other):
        assert read_whereabouts(asked) == HERE
        with pytest.raises(AlreadyRunningError):
            Claim(asked).take()
    claim.release()
    assert not (home.root / "run").is_symlink()


def test_a_link_left_by_a_killed_daemon_is_in_nobodys_way(home: Home, tmp_path: Path) -> None:
    home.root.mkdir()
    (home.root / "run").symlink_to(tmp_path / "gone")
    claim = Claim(home)
    claim.take()
    assert stat.S_ISDIR((home.root / "run").lstat().st_mode)
    claim.release()


def test_a_run_folder_left_in_the_home_gives_way_to_the_link(home: Home, tmp_path: Path) -> None:
    earlier = Claim(home)
    earlier.take()
    elsewhere = replace(home, run_folder=tmp_path / "r")
    with pytest.raises(AlreadyRunningError):
        Claim(elsewhere).take()
    earlier.release()
    later = Claim(elsewhere)
    later.take()
    assert (home.root / "run").readlink() == tmp_path / "r"
    again = Claim(elsewhere)
    with pytest.raises(AlreadyRunningError):
        again.take()
    later.release()
