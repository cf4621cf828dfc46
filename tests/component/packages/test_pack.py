import hashlib
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime_manager.errors import ManifestError, PackageError
from runtime_manager.packages.archive import unpack
from runtime_manager.packages.pack import pack
from runtime_manager.packages.tree_digest import digest_of, records_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "bin").mkdir(parents=True)
    (folder / "manifest.yaml").write_text("code: cool\nversion: 1.10\nbinary: bin/run\n")
    (folder / "bin/run").write_text("#!/bin/sh\n")
    (folder / "bin/run").chmod(0o700)
    return folder


@pytest.fixture(autouse=True)
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def test_an_archive_is_named_by_code_and_version_in_the_working_folder(
    folder: Path, working_folder: Path
) -> None:
    packed = pack(folder)
    assert [path.name for path in working_folder.iterdir()] == ["cool-1.10.tar.gz"]
    assert packed.sha256 == hashlib.sha256(Path("cool-1.10.tar.gz").read_bytes()).hexdigest()
    assert (packed.code, packed.version, packed.entries) == ("cool", "1.10", 2)


def test_the_same_folder_gives_the_same_bytes_whatever_its_times_modes_and_owners(
    folder: Path, tmp_path: Path
) -> None:
    first = pack(folder).path.read_bytes()
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / "bin/run").chmod(0o755)
    for path in copy.rglob("*"):
        os.utime(path, (time.time() - 1000, 5))
    assert pack(copy, output=Path("other.tar.gz")).path.read_bytes() == first


def test_what_is_packed_unpacks_to_the_same_tree(folder: Path, tmp_path: Path) -> None:
    (folder / "empty").mkdir()
    (tmp_path / "into").mkdir()
    unpacked = unpack(pack(folder).path, tmp_path / "into")
    assert digest_of(unpacked.records) == digest_of(records_of(folder))
    assert (tmp_path / "into/empty").is_dir()


def test_caches_version_control_and_earlier_archives_are_left_out(folder: Path) -> None:
    alone = pack(folder).sha256
    for name in (".git/config", "__pycache__/a.pyc", "bin/__pycache__/b.pyc", "cool-1.9.tar.gz"):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    assert pack(folder).sha256 == alone


def _symlink(folder: Path) -> None:
    (folder / "link").symlink_to("bin")


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe")


def _setuid(folder: Path) -> None:
    (folder / "bin/run").chmod(0o4755)


def _case(folder: Path) -> None:
    (folder / "BIN").write_text("x")


def _line_feed(folder: Path) -> None:
    (folder / "a\nb").write_text("x")


def _second_manifest(folder: Path) -> None:
    (folder / ".core").mkdir()
    shutil.copy(folder / "manifest.yaml", folder / ".core")


def _no_manifest(folder: Path) -> None:
    (folder / "manifest.yaml").unlink()


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (_symlink, "symlink"),
        (_pipe, "fifo"),
        (_setuid, "setuid"),
        (_case, "case-collision"),
        (_line_feed, "bad-name"),
        (_second_manifest, "two-manifests"),
        (_no_manifest, "no-manifest"),
    ],
)
def test_what_unpacking_refuses_is_not_packed(
    change: Callable[[Path], None], kind: str, folder: Path, working_folder: Path
) -> None:
    change(folder)
    with pytest.raises(PackageError) as caught:
        pack(folder)
    assert caught.value.facts["kind"] == kind
    assert list(working_folder.iterdir()) == []


def test_a_folder_with_a_bad_manifest_is_not_packed(folder: Path) -> None:
    (folder / "manifest.yaml").write_text("code: cool\nbinry: x\n")
    with pytest.raises(ManifestError, match="binry"):
        pack(folder)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="No such file"):
        pack(tmp_path / "nothing")
