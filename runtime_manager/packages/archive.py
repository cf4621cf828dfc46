"""Unpack an archive whose author may mean harm, into a folder that is ours alone.

Everything is checked as it comes: nothing is written outside the folder, and nothing of what is
written has been believed. The caller removes the folder where this raises.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path

from runtime_manager.errors import PackageError
from runtime_manager.packages import tar_archive, zip_archive
from runtime_manager.packages.disk import Disk, disk_trouble
from runtime_manager.packages.entries import Entry
from runtime_manager.packages.gunzip import Gunzip
from runtime_manager.packages.limits import Limits
from runtime_manager.packages.names import Names
from runtime_manager.packages.progress import Progress, no_progress
from runtime_manager.packages.tree_digest import IGNORED_FOLDER, Kind, Record

_READ_BYTES = 1 << 20
_GZIP_MAGIC, _ZIP_MAGIC = b"\x1f\x8b", b"PK"


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What came out: the records of all files, and the SHA-256 of the archive itself."""

    records: dict[str, Record]
    archive_sha256: str


def unpack(
    archive: Path,
    into: Path,
    *,
    sha256: str | None = None,
    limits: Limits | None = None,
    disk: Disk | None = None,
    progress: Progress = no_progress,
) -> Unpacked:
    """Unpack into `into`, an empty folder. `sha256` is what the archive must have; None: any.

    Raises PackageError for all that no package may have, and where `sha256` is another's.
    """
    limits, disk = limits or Limits(), disk or Disk()
    with disk_trouble(f"{archive.name} cannot be unpacked"), archive.open("rb") as file:
        before = _state(file)
        magic = file.read(2)
        file.seek(0)
        if magic == _GZIP_MAGIC:
            unpacked = _unpack_tar(file, _Tree(into, limits, disk), progress)
        elif magic == _ZIP_MAGIC:
            unpacked = _unpack_zip(file, _Tree(into, limits, disk), progress)
        else:
            raise _no_archive(archive.name, is_empty=not magic)
        if _state(file) != before:
            raise PackageError(
                f"{archive.name} was changed while it was unpacked",
                hint="try again once it is whole",
                kind="changed-while-read",
            )
    _check_sha256(archive.name, wanted=sha256, found=unpacked.archive_sha256)
    return unpacked


def _unpack_tar(file: BufferedReader, tree: _Tree, progress: Progress) -> Unpacked:
    total = os.fstat(file.fileno()).st_size
    with Gunzip(file, limits=tree.limits) as stream:
        for entry in tar_archive.entries(stream):
            tree.add(entry, archive_bytes=stream.taken_bytes)
            progress("unpack", stream.taken_bytes, total)
    return Unpacked(tree.records, stream.sha256)


def _unpack_zip(file: BufferedReader, tree: _Tree, progress: Progress) -> Unpacked:
    total = os.fstat(file.fileno()).st_size
    summed = hashlib.file_digest(file, "sha256")
    for entry in zip_archive.entries(file, limits=tree.limits):
        tree.add(entry, archive_bytes=total)
        progress("unpack", min(tree.written_bytes, total), total)
    return Unpacked(tree.records, summed.hexdigest())


@dataclass(slots=True)
class _Tree:
    """A folder that grows by one entry at a time."""

    root: Path
    limits: Limits
    disk: Disk
    records: dict[str, Record] = field(default_factory=dict)
    written_bytes: int = 0
    _names: Names = field(default_factory=Names)
    _count: int = 0

    def add(self, entry: Entry, *, archive_bytes: int) -> None:
        """Write the entry. `archive_bytes`: how much of the archive it took so far, for limits."""
        self._count += 1
        self.limits.check_count(self._count)
        self.limits.check_size(self.written_bytes + entry.size_bytes, archive_bytes)
        if entry.is_folder:
            self._make(self._names.add_folder(entry.name))
            return
        path, folders = self._names.add_file(entry.name)
        self._make(folders)
        summed = self._write(path, entry, archive_bytes=archive_bytes)
        if f"/{IGNORED_FOLDER}/" not in f"/{path}":
            kind = Kind.PROGRAM if entry.is_executable else Kind.FILE
            self.records[path] = Record(kind, summed)

    def _make(self, folders: Iterable[str]) -> None:
        for folder in folders:
            self._count += 1
            self.limits.check_count(self._count)
            self.disk.make_folder(f"{self.root}/{folder}")

    def _write(self, path: str, entry: Entry, *, archive_bytes: int) -> str:
        summed = hashlib.sha256()
        with self._new_file(path, entry) as handle:
            for piece in entry.content:
                self.written_bytes += len(piece)
                self.limits.check_size(self.written_bytes, archive_bytes)
                summed.update(piece)
                self.disk.write(handle, piece)
        return summed.hexdigest()

    @contextmanager
    def _new_file(self, path: str, entry: Entry) -> Iterator[int]:
        mode = 0o755 if entry.is_executable else 0o644
        handle = self.disk.create(f"{self.root}/{path}", mode=mode)
        try:
            yield handle
        finally:
            os.close(handle)


def _state(file: BufferedReader) -> tuple[int, ...]:
    found = os.fstat(file.fileno())
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _check_sha256(name: str, *, wanted: str | None, found: str) -> None:
    if wanted is not None and wanted.lower() != found:
        raise PackageError(
            f"{name} is not what was asked for: its SHA-256 is {found}, expected {wanted.lower()}",
            hint="fetch it again; if it stays so, ask where the expected value comes from",
            kind="sha256-mismatch",
            found=found,
            expected=wanted.lower(),
        )


def _no_archive(name: str, *, is_empty: bool) -> PackageError:
    return PackageError(
        f"{name} is empty" if is_empty else f"{name} is neither .tar.gz nor .zip",
        hint="make one with: rtm pack DIR",
        kind="truncated" if is_empty else "unknown-format",
    )
