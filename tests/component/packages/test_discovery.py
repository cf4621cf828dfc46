import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runtime_manager.errors import DaemonError
from runtime_manager.model.home import Home
from runtime_manager.model.manifest import Start
from runtime_manager.model.parts import Health, ProbeKind
from runtime_manager.model.registry import Registry, RegistryEntry
from runtime_manager.model.settings import Override
from runtime_manager.packages.discovery import Scan, scan

Install = Callable[..., Path]
NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)


class StillClock:
    """A clock that stands."""

    def monotonic(self) -> float:
        return 0.0

    def now(self) -> datetime:
        return NOW


def look(home: Home) -> Scan:
    return scan(home, Registry(), {}, clock=StillClock())


def codes(found: Scan) -> tuple[list[str], list[str]]:
    return [one.code for one in found.providers], [one.code for one in found.invalid]


def reason(found: Scan, code: str) -> str:
    return next(str(one.error) for one in found.invalid if one.code == code)


def test_a_home_without_providers_is_empty(tmp_path: Path) -> None:
    assert look(Home(tmp_path / "nowhere")) == Scan((), ())


def test_both_places_of_a_manifest_are_read_and_the_first_wins(
    home: Home, install: Install
) -> None:
    install("b-plain")
    install("a-core", place=".core/manifest.yaml")
    install("c-both", "code: first\nbinary: x\n")
    install("c-both", "code: second\nbinary: x\n", place=".core/manifest.yaml")
    found = look(home)
    assert codes(found) == (["a-core", "b-plain", "first"], [])
    assert found.providers[0].manifest_path == home.providers / "a-core/.core/manifest.yaml"
    assert found.providers[1].folder == home.providers / "b-plain"


def test_dot_folders_and_files_are_passed_over(home: Home, install: Install) -> None:
    install(".hidden")
    home.registry.write_text("version: 1\n")
    (home.providers / "link-to-file").symlink_to(home.registry)
    assert look(home) == Scan((), ())


def test_a_link_is_resolved_and_knows_its_manifest(home: Home, tmp_path: Path) -> None:
    package = tmp_path / "elsewhere" / "cool-1.0"
    package.mkdir(parents=True)
    (package / "manifest.yaml").write_text("code: cool\nbinary: ./run\n")
    (home.providers / "cool").symlink_to(package)
    provider = look(home).providers[0]
    assert provider.folder == package.resolve()
    assert provider.manifest_path == package.resolve() / "manifest.yaml"


def test_one_bad_package_hurts_no_other(home: Home, install: Install) -> None:
    install("good")
    install("bad", "code: bad\nbinary: x\nprot: 1\n")
    install("worse", "code: [\n")
    (home.providers / "empty").mkdir()
    (home.providers / "dangling").symlink_to("/nowhere/at/all")
    (home.providers / "circle").symlink_to("circle")
    found = look(home)
    assert codes(found) == (["good"], ["bad", "circle", "dangling", "empty", "worse"])
    assert "there is no such key (did you mean `port`?)" in reason(found, "bad")
    assert f"{home.providers}/worse/manifest.yaml:" in reason(found, "worse")
    assert "there is no manifest.yaml" in reason(found, "empty")
    assert "cannot be read" in reason(found, "dangling")
    assert "cannot be read" in reason(found, "circle")
    assert {one.found_at for one in found.invalid} == {NOW}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_invalid(home: Home, install: Install) -> None:
    folder = install("secret")
    folder.chmod(0)
    try:
        assert "Permission denied" in reason(look(home), "secret")
    finally:
        folder.chmod(0o755)


def test_what_stands_in_the_place_of_a_manifest_does_not_block(home: Home) -> None:
    (home.providers / "pipe").mkdir()
    os.mkfifo(home.providers / "pipe" / "manifest.yaml")
    (home.providers / "folder" / "manifest.yaml").mkdir(parents=True)
    found = look(home)
    assert codes(found) == ([], ["folder", "pipe"])
    assert "is not a file" in reason(found, "pipe")


def test_a_manifest_without_end_is_refused(home: Home, install: Install) -> None:
    install("large", "code: large\nbinary: x\nx-fill: " + "y" * 1_100_000)
    assert "expected at most" in reason(look(home), "large")


def test_an_unreadable_one_is_listed_by_its_folder_made_to_fit(
    home: Home, install: Install
) -> None:
    install("My Tool_2", "nonsense")
    install("___", "nonsense")
    assert codes(look(home)) == ([], ["my-tool-2", "unnamed"])


def test_one_whose_code_can_be_read_is_listed_by_its_code(home: Home, install: Install) -> None:
    install("folder", "code: cool\nbinary: x\nprot: 1\n")
    assert codes(look(home)) == ([], ["cool"])


def test_no_code_is_listed_twice(home: Home, install: Install) -> None:
    install("a", "code: cool\nbinary: x\n")
    install("b", "code: cool\nbinary: x\n")
    install("cool", "code: cool\nbinary: x\nprot: 1\n")
    install("Cool", "nonsense")
    found = look(home)
    assert codes(found) == (["cool"], ["b", "cool-2", "cool-3"])
    assert found.providers[0].folder.name == "a"


def test_dependencies_are_checked_over_all(home: Home, install: Install) -> None:
    install("a", "code: a\nbinary: x\ndepends_on: [b]\n")
    install("b", "code: b\nbinary: x\ndepends_on: [a]\n")
    install("c", "code: c\nbinary: x\ndepends_on: [broken]\n")
    install("broken", "nonsense")
    install("d")
    found = look(home)
    assert codes(found) == (["d"], ["a", "b", "broken", "c"])
    assert "a → b → a" in reason(found, "a")
    assert "`broken` is invalid itself" in reason(found, "c")


def test_the_registry_s_entry_comes_with_its_provider(home: Home, install: Install) -> None:
    install("cool")
    install("free")
    registry = Registry({"cool": RegistryEntry(version="1", auto_start=False)})
    cool, free = scan(home, registry, {}).providers
    assert (cool.start, cool.is_managed) == (Start.MANUAL, True)
    assert (free.start, free.is_managed) == (Start.AUTO, False)


def test_the_operator_s_override_is_in_the_manifest(home: Home, install: Install) -> None:
    install("cool")
    provider = scan(home, Registry(), {"cool": Override(env={"A": "1"})}).providers[0]
    assert provider.manifest.env == {"A": "1"}


def test_an_override_that_does_not_fit_makes_it_invalid(home: Home, install: Install) -> None:
    install("cool", "code: cool\nbinary: x\nlisten: fd\n")
    override = Override(health=Health(kind=ProbeKind.TCP))
    found = scan(home, Registry(), {"cool": override})
    assert codes(found) == ([], ["cool"])
    assert "providers.cool.health.kind" in reason(found, "cool")


def test_a_place_that_cannot_be_listed_is_the_daemon_s_error(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.providers.write_text("a file")
    with pytest.raises(DaemonError, match="cannot be listed"):
        look(home)
