import hashlib
import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from runtime_manager.errors import PackageError
from runtime_manager.packages.archive import unpack
from runtime_manager.packages.tree_digest import records_of
from tests.component.packages.hostile import ALL, MANIFEST, Hostile, member, tar_gz, zipped


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("hostile", ALL, ids=str)
def test_a_hostile_archive_is_refused_by_its_kind_and_writes_nothing_elsewhere(
    hostile: Hostile, tmp_path: Path, into: Path
) -> None:
    archive = tmp_path / "archive"
    hostile.write(archive)
    with pytest.raises(PackageError) as caught:
        unpack(archive, into, limits=hostile.limits)
    assert caught.value.facts["kind"] == hostile.kind
    assert {path.name for path in tmp_path.iterdir()} == {"archive", "into"}


@pytest.mark.parametrize(
    "write",
    [
        tar_gz(member("bin/run", b"#!/bin/sh\n", mode=0o755), member("data", bytes(3_000_000))),
        zipped(("bin/run", b"#!/bin/sh\n", 0o100755), ("data", bytes(3_000_000), 0o100644)),
    ],
)
def test_both_formats_give_the_same_files_with_their_exec_bits(
    write: object, tmp_path: Path, into: Path
) -> None:
    archive = tmp_path / "archive"
    assert callable(write)
    write(archive)
    seen: list[tuple[str, int, int | None]] = []
    unpacked = unpack(archive, into, progress=lambda *step: seen.append(step))
    assert (into / "manifest.yaml").read_bytes() == MANIFEST
    assert (into / "bin/run").stat().st_mode & 0o7777 == 0o755
    assert (into / "data").stat().st_mode & 0o7777 == 0o644
    assert (into / "data").stat().st_size == 3_000_000
    assert unpacked.archive_sha256 == hashlib.sha256(archive.read_bytes()).hexdigest()
    assert unpacked.records == records_of(into)
    size = archive.stat().st_size
    assert seen[-1] == ("unpack", size, size)


@pytest.mark.parametrize("format_", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_the_long_names_of_every_tar_format_are_read(
    format_: int, tmp_path: Path, into: Path
) -> None:
    name = "/".join(["folder-with-a-long-name"] * 6) + "/" + "n" * 60
    with tarfile.open(tmp_path / "a", "w:gz", format=format_) as archive:
        for info, data in (member("./manifest.yaml", MANIFEST), member(name, b"found")):
            archive.addfile(info, io.BytesIO(data))
    unpack(tmp_path / "a", into)
    assert (into / name).read_bytes() == b"found"


def test_what_tar_itself_writes_is_read(tmp_path: Path, into: Path) -> None:
    source = tmp_path / "source"
    (source / "däta").mkdir(parents=True)
    (source / "däta" / "naïve name.txt").write_text("text")
    (source / "empty").mkdir()
    with tarfile.open(tmp_path / "a", "w:gz") as archive:
        archive.add(source, arcname=".")
    unpack(tmp_path / "a", into)
    assert (into / "däta" / "naïve name.txt").read_text() == "text"
    assert (into / "empty").is_dir()


def test_another_archive_than_the_one_asked_for_is_refused(tmp_path: Path, into: Path) -> None:
    archive = tmp_path / "a"
    tar_gz()(archive)
    good = hashlib.sha256(archive.read_bytes()).hexdigest()
    with pytest.raises(PackageError) as caught:
        unpack(archive, into, sha256="0" * 64)
    assert (caught.value.facts["kind"], caught.value.facts["found"]) == ("sha256-mismatch", good)


def test_an_archive_of_the_hash_asked_for_is_unpacked(tmp_path: Path, into: Path) -> None:
    archive = tmp_path / "a"
    tar_gz()(archive)
    good = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert unpack(archive, into, sha256=good.upper()).archive_sha256 == good


@pytest.mark.parametrize("is_zip", [False, True])
def test_an_archive_that_changes_meanwhile_is_refused(
    is_zip: bool, tmp_path: Path, into: Path
) -> None:
    archive = tmp_path / "a"
    (zipped if is_zip else tar_gz)()(archive)  # type: ignore[operator]

    def touch(phase: str, done: int, total: int | None) -> None:
        os.utime(archive, (1, 1))

    with pytest.raises(PackageError) as caught:
        unpack(archive, into, progress=touch)
    assert caught.value.facts["kind"] == "changed-while-read"


def test_a_file_grows_by_no_more_than_its_header_says(tmp_path: Path, into: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.yaml", bytes(100_000))
    data = bytearray((tmp_path / "a").read_bytes())
    at = data.rfind(b"PK\1\2")
    data[at + 24 : at + 28] = (10).to_bytes(4, "little")
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(PackageError):
        unpack(tmp_path / "a", into)


def test_bytecode_is_unpacked_and_not_recorded(tmp_path: Path, into: Path) -> None:
    tar_gz(member("pkg/__pycache__/a.pyc"))(tmp_path / "a")
    assert set(unpack(tmp_path / "a", into).records) == {"manifest.yaml"}
