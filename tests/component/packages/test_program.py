from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from runtime_manager.errors import SpawnError
from runtime_manager.model.manifest import Manifest, Platform
from runtime_manager.model.provider import Provider
from runtime_manager.packages.program import platform_name, resolve_program

MakeProgram = Callable[..., Path]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "package"
    folder.mkdir()
    return folder


def program(path: Path, *, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(mode)
    return path


def provider(folder: Path, binary: str | None, **platforms: str) -> Provider:
    manifest = Manifest(
        code="cool",
        binary=binary,
        platforms={name.replace("__", "-"): Platform(binary=b) for name, b in platforms.items()},
    )
    return Provider(manifest, folder, folder / "manifest.yaml")


def refused(one: Provider, *, search_path: str | None = None) -> SpawnError:
    with pytest.raises(SpawnError) as caught:
        resolve_program(one, search_path=search_path)
    assert caught.value.is_permanent
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize("binary", ["cool", "./cool", "bin/../cool"])
def test_a_program_of_the_package_is_found(package: Path, binary: str) -> None:
    (package / "bin").mkdir()
    program(package / "cool")
    assert resolve_program(provider(package, binary)).resolve() == package / "cool"


def test_a_bare_name_is_found_on_the_path_after_the_package(package: Path, tmp_path: Path) -> None:
    elsewhere = program(tmp_path / "bin" / "cool")
    search_path = str(tmp_path / "bin")
    one = provider(package, "cool")
    assert resolve_program(one, search_path=search_path) == elsewhere
    program(package / "cool")
    assert resolve_program(one, search_path=search_path) == package / "cool"


def test_the_daemon_s_own_path_is_the_default(package: Path) -> None:
    assert resolve_program(provider(package, "sh")).name == "sh"


def test_an_absolute_program_is_taken_as_it_is(package: Path, tmp_path: Path) -> None:
    elsewhere = program(tmp_path / "elsewhere")
    assert resolve_program(provider(package, str(elsewhere))) == elsewhere


@pytest.mark.parametrize("binary", ["./cool", "bin/cool", "/nowhere/cool", "no-such-program-9"])
def test_a_missing_program_is_told(package: Path, binary: str) -> None:
    error = refused(provider(package, binary))
    assert error.facts["kind"] == "binary-missing"
    assert binary in error.message


def test_a_program_without_the_bit_is_told_with_the_command_that_helps(package: Path) -> None:
    path = program(package / "cool", mode=0o644)
    error = refused(provider(package, "cool"))
    assert error.facts["kind"] == "binary-not-executable"
    assert error.hint == f"chmod +x {path}"


def test_a_folder_is_no_program(package: Path) -> None:
    (package / "cool").mkdir()
    error = refused(provider(package, "./cool"))
    assert error.facts["kind"] == "binary-not-executable"


def test_a_link_out_of_the_package_is_refused(package: Path, tmp_path: Path) -> None:
    program(tmp_path / "outside")
    (package / "cool").symlink_to("../outside")
    for binary in ("cool", "./cool"):
        assert refused(provider(package, binary)).facts["kind"] == "binary-outside"


def test_a_link_within_the_package_is_fine(package: Path) -> None:
    program(package / "cool-1.0")
    (package / "cool").symlink_to("cool-1.0")
    assert resolve_program(provider(package, "cool")) == package / "cool"


def test_links_that_lead_in_a_circle_are_refused(package: Path) -> None:
    (package / "cool").symlink_to("cool")
    assert refused(provider(package, "./cool")).facts["kind"] in (
        "binary-missing",
        "binary-outside",
    )


def test_this_platform_s_program_comes_before_that_for_all(package: Path) -> None:
    program(package / "special")
    program(package / "general")
    here = platform_name().replace("-", "__")
    assert resolve_program(provider(package, "general", **{here: "special"})).name == "special"
    assert resolve_program(provider(package, "general", plan9__mips="x")).name == "general"


def test_a_platform_that_is_not_offered_is_told_with_those_that_are(package: Path) -> None:
    error = refused(provider(package, None, plan9__mips="x", darwin__arm64="y"))
    assert error.facts["kind"] == "platform-missing"
    assert "offered: macos-aarch64, plan9-mips" in error.message


def test_a_missing_program_is_told_with_how_it_is_built(package: Path) -> None:
    one = provider(package, "./run")
    assert "install it" in refused(one).hint
    built = replace(one, manifest=one.manifest.model_copy(update={"build": "make run"}))
    assert refused(built).hint == "build it: make run"
