"""Indexes made from folders of archives."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime_manager.errors import ManifestError, PackageError
from runtime_manager.model.index import Index, Module, format_index, parse_index
from runtime_manager.packages.archive_manifest import manifest_in
from runtime_manager.packages.index_build import build_index
from runtime_manager.packages.pack import pack
from tests.component.packages.hostile import ALL, USUAL, Hostile, member, tar_gz, zipped

Archive = Callable[..., Path]


@pytest.fixture
def archives(tmp_path: Path) -> Path:
    folder = tmp_path / "archives"
    folder.mkdir()
    return folder


@pytest.fixture
def archive(archives: Path, tmp_path: Path) -> Archive:
    """Pack a package of this code and version."""

    def made(code: str, version: str, *, name: str = "", more: str = "") -> Path:
        source = tmp_path / "source"
        source.mkdir(exist_ok=True)
        (source / "manifest.yaml").write_text(
            f"code: {code}\nversion: {version}\nbinary: ./run\n{more}"
        )
        (source / "run").write_text("#!/bin/sh\n")
        path = archives / (name or f"{code}-{version}.tar.gz")
        pack(source, output=path)
        return path

    return made


def test_an_index_tells_of_each_archive_what_its_manifest_says(
    archives: Path, archive: Archive
) -> None:
    archive("cool", "1.9.0", more="description: The old one\n")
    newest = archive("cool", "1.10.0", more="description: Draws charts\ndepends_on: [other]\n")
    archive("other", "0.1.0")
    index = build_index(archives)
    assert [one.code for one in index.modules] == ["cool", "other"]
    cool = index.modules[0]
    assert cool.description == "Draws charts"
    assert [one.version for one in cool.versions] == ["1.10.0", "1.9.0"]
    assert cool.versions[0].depends_on == ("other",)
    artifact = cool.versions[0].platforms["any"]
    assert artifact.url == "cool-1.10.0.tar.gz"
    assert artifact.size_bytes == newest.stat().st_size
    assert artifact.sha256 == hashlib.sha256(newest.read_bytes()).hexdigest()


def test_the_same_archives_make_the_same_text(archives: Path, archive: Archive) -> None:
    for version in ("1.0.0", "1.2.0", "1.10.0"):
        archive("cool", version)
    text = format_index(build_index(archives))
    (archives / "index.json").write_text(text)
    for path in archives.iterdir():
        path.touch()
    index = build_index(archives, before=parse_index(text.encode(), location="x"))
    assert format_index(index) == text


def test_the_end_of_a_name_tells_the_platform(archives: Path, archive: Archive) -> None:
    archive("cool", "1.0.0", name="cool-1.0.0-linux-x86_64.tar.gz")
    archive("cool", "1.0.0", name="cool-1.0.0-macos-aarch64.tar.gz")
    archive("cool", "1.0.0-beta", name="cool-1.0.0-beta.tar.gz")
    versions = build_index(archives).modules[0].versions
    assert list(versions[0].platforms) == ["linux-x86_64", "macos-aarch64"]
    assert list(versions[1].platforms) == ["any"]


def test_archives_lie_where_the_base_url_says(archives: Path, archive: Archive) -> None:
    (archives / "sub folder").mkdir()
    archive("cool", "1.0.0", name="sub folder/cool+1.tar.gz")
    index = build_index(archives, base_url="https://example.org/packages/")
    url = index.modules[0].versions[0].platforms["any"].url
    assert url == "https://example.org/packages/sub%20folder/cool%2B1.tar.gz"


def test_what_a_person_wrote_into_the_index_is_kept(archives: Path, archive: Archive) -> None:
    archive("cool", "1.0.0")
    written = Module(code="cool", category="tools", repo="https://example.org/c.git", signer="k1")
    before = Index(version=1, modules=(written,), categories=("tools",))
    index = build_index(archives, before=before)
    assert index.categories == ("tools",)
    cool = index.modules[0]
    assert (cool.category, cool.repo, cool.signer) == ("tools", written.repo, "k1")
    assert build_index(archives, before=before, signers={"cool": "k2"}).modules[0].signer == "k2"


def test_two_archives_of_the_same_are_told(archives: Path, archive: Archive) -> None:
    archive("cool", "1.0.0")
    archive("cool", "1.0.0", name="copy.tar.gz")
    with pytest.raises(PackageError, match="are both cool"):
        build_index(archives)


def test_hidden_and_other_files_are_passed_over(archives: Path, archive: Archive) -> None:
    archive("cool", "1.0.0", name=".cool-1.0.0.tar.gz")
    (archives / "README").touch()
    assert build_index(archives).modules == ()
    with pytest.raises(PackageError, match="is no folder"):
        build_index(archives / "README")


@pytest.mark.parametrize("write", [tar_gz(), zipped()], ids=["tar.gz", "zip"])
def test_a_manifest_is_read_inside_an_archive(
    write: Callable[[Path], object], tmp_path: Path
) -> None:
    write(tmp_path / "x")
    assert manifest_in(tmp_path / "x").code == "cool"


def test_a_manifest_in_the_one_folder_at_the_top_is_read(tmp_path: Path) -> None:
    text = b"code: deep\nbinary: ./run\n"
    deeper = member("top/sub/manifest.yaml", b"code: other\nbinary: x\n")
    tar_gz(member("top/.core/manifest.yaml", text), deeper, manifest=False)(tmp_path / "x")
    assert manifest_in(tmp_path / "x").code == "deep"


NAMES_ARE_WRONG = [
    one for one in ALL if one.limits == USUAL and one.what != "zip: a wrong checksum"
]
"""All but those that show when their contents are read, which is when they are unpacked."""


@pytest.mark.parametrize("hostile", NAMES_ARE_WRONG, ids=str)
def test_a_hostile_archive_gets_into_no_index(hostile: Hostile, archives: Path) -> None:
    hostile.write(archives / "x.tar.gz")
    with pytest.raises((PackageError, ManifestError)):
        build_index(archives)
