from pathlib import Path

import pytest

from runtime_manager.errors import PackageError, SettingsError, SpawnError
from runtime_manager.model.home import Home
from runtime_manager.model.manifest import Manifest, parse_manifest
from runtime_manager.packages.installation import Installation
from runtime_manager.packages.provider_settings import (
    ProviderSettings,
    delivery,
    read_secret,
)

TEXT = """
code: cool
binary: ./run
settings:
  url: {required: true}
  depth: {type: integer, default: 3}
  token: {secret: true}
"""


@pytest.fixture
def manifest() -> Manifest:
    return parse_manifest(TEXT, file="manifest.yaml", dir_name="cool")


@pytest.fixture
def own(home: Home) -> ProviderSettings:
    return ProviderSettings(home, "cool")


def test_a_program_gets_values_and_a_folder_of_secrets(
    home: Home, own: ProviderSettings, manifest: Manifest
) -> None:
    own.set({"url": "on"}, {"token": "hush"})
    own.set({"depth": "5"}, {})
    given = delivery(home, manifest)
    assert given.values == {"url": "on", "depth": "5"}
    assert given.credentials is not None
    assert [one.name for one in given.credentials.iterdir()] == ["token"]
    assert (given.credentials / "token").read_text() == "hush"


def test_what_was_set_is_for_its_owner_alone(home: Home, own: ProviderSettings) -> None:
    own.set({"url": "x"}, {"token": "hush"})
    file, secrets = own.paths
    assert "hush" not in file.read_text()
    modes = [path.stat().st_mode & 0o777 for path in (file, secrets, secrets / "token")]
    assert modes == [0o600, 0o700, 0o600]
    assert home.settings.stat().st_mode & 0o777 == 0o700


def test_a_program_is_not_started_without_what_it_needs(home: Home, manifest: Manifest) -> None:
    with pytest.raises(SpawnError, match="its setting `url`") as caught:
        delivery(home, manifest)
    assert caught.value.is_permanent
    assert caught.value.facts["kind"] == "setting-missing"


def test_a_program_without_settings_is_given_none(home: Home, own: ProviderSettings) -> None:
    own.set({"url": "x"}, {})
    plain = parse_manifest("code: cool\nbinary: ./run\n", file="m", dir_name="cool")
    assert (delivery(home, plain).values, delivery(home, plain).credentials) == ({}, None)


def test_a_file_that_cannot_be_read_is_told_with_its_line(
    home: Home, own: ProviderSettings, manifest: Manifest
) -> None:
    own.set({"url": "x"}, {})
    own.paths[0].write_text("settings:\n  url: [\n")
    with pytest.raises(SettingsError, match=r"cool\.yaml:"):
        own.values()
    with pytest.raises(SpawnError, match=r"cool\.yaml:"):
        delivery(home, manifest)
    own.paths[0].write_text("settings: 3\n")
    assert own.values() == {}


def test_what_was_tried_is_taken_back_where_it_fails(own: ProviderSettings) -> None:
    own.set({"url": "before"}, {"token": "before"})

    def fail() -> None:
        with own.tried({"url": "after", "depth": "1"}, {"token": "after", "more": "x"}):
            assert own.values()["url"] == "after"
            raise PackageError("no", kind="held")

    with pytest.raises(PackageError):
        fail()
    assert own.values() == {"url": "before"}
    assert own.secrets() == {"token"}
    assert (own.paths[1] / "token").read_text() == "before"
    with own.tried({"url": "after"}, {}):
        pass
    assert own.values() == {"url": "after"}


def test_purging_takes_settings_and_secrets_along(home: Home, own: ProviderSettings) -> None:
    own.set({"url": "x"}, {"token": "hush"})
    Installation(home).uninstall("cool", purge=True)
    assert not any(path.exists() for path in own.paths)


def test_a_secret_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("hush\n")
    assert read_secret(tmp_path / "a") == "hush"
    for content in (b"\xff", bytes(2**20 + 1)):
        (tmp_path / "a").write_bytes(content)
        with pytest.raises(PackageError):
            read_secret(tmp_path / "a")
    with pytest.raises(PackageError, match="No such file"):
        read_secret(tmp_path / "b")
