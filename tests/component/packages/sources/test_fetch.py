"""What lies on this machine already stays where it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime_manager.errors import PackageError, SourceError
from runtime_manager.model.source import parse_source
from runtime_manager.packages.progress import no_progress
from runtime_manager.packages.sources.fetch import fetch
from runtime_manager.packages.sources.fetched import Fetched


def test_a_folder_is_named_by_its_absolute_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cool").mkdir()
    monkeypatch.chdir(tmp_path)
    got = fetch(parse_source("./cool"), tmp_path, progress=no_progress)
    assert got == Fetched(tmp_path / "cool", str(tmp_path / "cool"))


def test_an_archive_is_held_to_its_sha256_by_who_unpacks_it(tmp_path: Path) -> None:
    path = tmp_path / "cool.tar.gz"
    path.touch()
    got = fetch(parse_source(str(path), sha256="ab" * 32), tmp_path, progress=no_progress)
    assert got == Fetched(path, str(path), archive_sha256="ab" * 32)


def test_a_folder_named_like_an_archive_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "cool.zip").mkdir()
    assert fetch(parse_source(f"{tmp_path}/cool.zip"), tmp_path, progress=no_progress).path.is_dir()


@pytest.mark.parametrize("name", ["nothing", "nothing.zip", "file/"])
def test_what_is_not_there_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PackageError, match=r"is not there|is no folder"):
        fetch(parse_source(f"{tmp_path}/{name}"), tmp_path, progress=no_progress)


def test_a_manifest_is_for_packages_of_other_worlds(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="--manifest is for pypi: and npm:"):
        fetch(parse_source("./x"), tmp_path, progress=no_progress, manifest=tmp_path / "m.yaml")
