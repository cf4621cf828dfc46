"""What a folder holds that belongs to a package, and a copy of it."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from runtime_manager.packages.disk import Disk
from runtime_manager.packages.entries import check_mode, unwelcome
from runtime_manager.packages.names import Names
from runtime_manager.packages.progress import Progress
from runtime_manager.packages.tree_digest import Kind, Record

LEFT_OUT = frozenset({"__pycache__", ".git", ".hg", ".svn", ".DS_Store"})
"""Names of files and folders that are never part of a package."""

_READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file, or a folder with nothing in it. `name` is relative, `mode` that of lstat(2)."""

    name: str
    path: str
    mode: int
    size_bytes: int
    is_folder: bool


def source_files(folder: Path, *, code: str) -> list[SourceFile]:
    """All of them, by name. Raises OSError.

    Archives of the package itself at its top are none: they were made by packing it there.
    """
    archive = re.compile(rf"{re.escape(code)}-[^/]*\.tar\.gz")
    found = (one for one in _walk(os.fspath(folder), "") if not archive.fullmatch(one.name))
    return sorted(found, key=lambda one: one.name)


def copy_source(
    folder: Path, into: Path, *, code: str, disk: Disk, progress: Progress
) -> dict[str, Record]:
    """Copy a folder into an empty one, and record each file.

    Symlinks are kept where they stay inside, since package managers make such. Raises PackageError
    for what no package may have, and OSError.
    """
    copy = _Copy(into, disk)
    files = source_files(folder, code=code)
    total, done = sum(one.size_bytes for one in files), 0
    for one in files:
        copy.add(one)
        done += one.size_bytes
        progress("copy", done, total)
    copy.check_links()
    return copy.records


def _walk(folder: str, prefix: str) -> Iterator[SourceFile]:
    with os.scandir(folder) as listing:
        entries = [entry for entry in listing if entry.name not in LEFT_OUT]
    for entry in entries:
        found = entry.stat(follow_symlinks=False)
        name, is_folder = prefix + entry.name, entry.is_dir(follow_symlinks=False)
        inside = list(_walk(entry.path, f"{name}/")) if is_folder else []
        yield from inside
        if not inside:
            size = 0 if is_folder else found.st_size
            yield SourceFile(name, entry.path, found.st_mode, size, is_folder)


class _Copy:
    """A folder that grows by one file at a time."""

    __slots__ = ("_disk", "_names", "_root", "records")

    def __init__(self, root: Path, disk: Disk) -> None:
        self.records: dict[str, Record] = {}
        self._root = root
        self._disk = disk
        self._names = Names()

    def add(self, one: SourceFile) -> None:
        """Copy one file, or make one folder."""
        if one.is_folder:
            self._make(self._names.add_folder(one.name))
            return
        path, folders = self._names.add_file(one.name)
        self._make(folders)
        if stat.S_ISLNK(one.mode):
            self.records[path] = self._link(one)
            return
        check_mode(one.name, one.mode)
        is_program = bool(one.mode & 0o100)
        summed = self._file(one, path, mode=0o755 if is_program else 0o644)
        self.records[path] = Record(Kind.PROGRAM if is_program else Kind.FILE, summed)

    def _make(self, folders: Iterable[str]) -> None:
        for folder in folders:
            self._disk.make_folder(f"{self._root}/{folder}")

    def _file(self, one: SourceFile, path: str, *, mode: int) -> str:
        summed = hashlib.sha256()
        handle = self._disk.create(f"{self._root}/{path}", mode=mode)
        try:
            with Path(one.path).open("rb", buffering=0) as file:
                while data := file.read(_READ_BYTES):
                    summed.update(data)
                    self._disk.write(handle, data)
        finally:
            os.close(handle)
        return summed.hexdigest()

    def check_links(self) -> None:
        """Raise PackageError for a symlink that leads out, if only by way of others."""
        root = os.path.realpath(self._root)
        for path, record in self.records.items():
            if record.kind is Kind.LINK:
                leads_to = os.path.realpath(f"{root}/{path}")
                if not f"{leads_to}/".startswith(f"{root}/"):
                    raise unwelcome(path, "a symlink that leads out of it", "symlink")

    def _link(self, one: SourceFile) -> Record:
        target = os.readlink(one.path)  # noqa: PTH115  # as it is written, not as a Path reads it
        if os.path.isabs(target):  # noqa: PTH117
            raise unwelcome(one.name, f"a symlink to an absolute path ({target})", "symlink")
        self._disk.link(f"{self._root}/{one.name}", target)
        return Record(Kind.LINK, hashlib.sha256(os.fsencode(target)).hexdigest())
