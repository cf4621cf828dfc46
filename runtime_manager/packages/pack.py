"""Make an archive of a package's folder: the same bytes whenever and wherever it is made."""

from __future__ import annotations

import gzip
import hashlib
import os
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from runtime_manager.packages.disk import disk_trouble
from runtime_manager.packages.entries import check_mode
from runtime_manager.packages.limits import Limits
from runtime_manager.packages.names import Names
from runtime_manager.packages.package_folder import read_package
from runtime_manager.packages.progress import Progress, no_progress
from runtime_manager.packages.source_files import SourceFile, source_files

_LEVEL = 6


@dataclass(frozen=True, slots=True)
class Packed:
    """An archive that was made; `entries` counts files and empty folders."""

    path: Path
    sha256: str
    code: str
    version: str
    entries: int


def pack(
    folder: Path,
    *,
    output: Path | None = None,
    limits: Limits | None = None,
    progress: Progress = no_progress,
) -> Packed:
    """Write `output`, or CODE-VERSION.tar.gz in the working folder, replacing what is there.

    Raises PackageError for whatever unpacking would refuse, ManifestError for a bad manifest.
    """
    with disk_trouble(f"{folder} cannot be packed"):
        package = read_package(folder)
        manifest = package.manifest
        target = output or Path(f"{manifest.code}-{manifest.version}.tar.gz")
        found = list(_welcome(package.root, manifest.code, limits or Limits()))
        staged = target.with_name(f".{target.name}.{os.getpid()}.new")
        try:
            _write(staged, found, progress)
            sha256 = _sha256(staged)
            staged.replace(target)
        finally:
            with suppress(OSError):
                staged.unlink(missing_ok=True)
    return Packed(target, sha256, manifest.code, manifest.version, len(found))


def _welcome(root: Path, code: str, limits: Limits) -> Iterator[SourceFile]:
    """What belongs into the archive, each checked as unpacking checks it."""
    names, count, total = Names(), 0, 0
    for one in source_files(root, code=code):
        check_mode(one.name, one.mode)
        count, total = count + 1, total + one.size_bytes
        limits.check_count(count)
        limits.check_size(total, total)
        if one.is_folder:
            names.add_folder(one.name)
        else:
            names.add_file(one.name)
        yield one


def _write(target: Path, found: list[SourceFile], progress: Progress) -> None:
    total, done = sum(one.size_bytes for one in found), 0
    with (
        target.open("xb") as file,
        gzip.GzipFile("", "wb", _LEVEL, file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for one in found:
            _add(archive, one)
            done += one.size_bytes
            progress("pack", done, total)


def _add(archive: tarfile.TarFile, one: SourceFile) -> None:
    """Times, owners and rights are left out; whether it may be executed is kept."""
    info = tarfile.TarInfo(one.name)
    if one.is_folder:
        info.type, info.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(info)
        return
    info.mode = 0o755 if one.mode & 0o100 else 0o644
    info.size = one.size_bytes
    with Path(one.path).open("rb") as file:
        archive.addfile(info, file)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
