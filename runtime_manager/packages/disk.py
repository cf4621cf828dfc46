"""The few things packages do to a disk, gathered so that each can be made to fail in a test.

Everything that changes a home goes through here. All of it blocks.
"""

from __future__ import annotations

import ctypes
import errno
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from runtime_manager.errors import PackageError

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_LOOK = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class Disk:
    """The disk as it is. Its methods raise OSError."""

    def create(self, path: str | Path, *, mode: int) -> int:
        """A descriptor of a new file with exactly `mode`; the caller closes it."""
        handle = os.open(path, _CREATE, 0o600)
        os.fchmod(handle, mode)
        return handle

    def write(self, handle: int, data: bytes | memoryview) -> None:
        """Write all of `data`."""
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view) :]

    def sync(self, handle: int) -> None:
        """Wait until the file or folder is on the disk (fsync(2))."""
        os.fsync(handle)

    def sync_folder(self, folder: Path) -> None:
        """Make renames in `folder` last: the entry needs a sync of its own (fsync(2))."""
        handle = os.open(folder, _LOOK)
        try:
            self.sync(handle)
        finally:
            os.close(handle)

    def sync_tree(self, folder: Path) -> None:
        """Wait until everything below `folder` is on the disk.

        By one syncfs(2) on Linux, which tells of failed writes since 5.8: 2,000 calls of fsync(2)
        take ten times as long. Elsewhere file by file.
        """
        handle = os.open(folder, _LOOK)
        try:
            if not _sync_file_system(handle):
                self._sync_each(folder)
            self.sync(handle)
        finally:
            os.close(handle)

    def make_folder(self, path: str | Path, *, mode: int = 0o755) -> None:
        """Make one folder, whose parent is there, with exactly `mode`."""
        os.mkdir(path, mode)  # noqa: PTH102  # paths are texts here: thousands of them
        os.chmod(path, mode)  # noqa: PTH101

    def link(self, path: str | Path, target: str) -> None:
        """Make a symlink at `path` that says `target`."""
        os.symlink(target, path)  # noqa: PTH211

    def rename(self, source: Path, target: Path) -> None:
        """Rename in one step; a file or symlink at `target` is replaced."""
        os.rename(source, target)  # noqa: PTH104

    def unlink(self, path: Path) -> None:
        """Remove a file or symlink; it may be gone already."""
        path.unlink(missing_ok=True)

    def remove_tree(self, folder: Path) -> None:
        """Remove a folder and all in it, as far as that can be done."""
        shutil.rmtree(folder, ignore_errors=True)

    def remove(self, path: Path) -> None:
        """Remove a file, or a folder and all in it."""
        if path.is_dir() and not path.is_symlink():
            self.remove_tree(path)
        else:
            self.unlink(path)

    def _sync_each(self, folder: Path) -> None:
        for parent, _, names in os.walk(folder):
            for name in names:
                with suppress(OSError):  # a symlink is as durable as its folder
                    handle = os.open(f"{parent}/{name}", os.O_RDONLY | os.O_NOFOLLOW)
                    try:
                        self.sync(handle)
                    finally:
                        os.close(handle)
            self.sync_folder(Path(parent))


def replace_file(disk: Disk, path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Put a file with `data` at `path`, by rename; on the disk when this returns.

    A kill at any moment leaves the old file or the new one, and at most a `.NAME.*.new` beside it.
    """
    staged = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    try:
        handle = disk.create(staged, mode=mode)
        try:
            disk.write(handle, data)
            disk.sync(handle)
        finally:
            os.close(handle)
        disk.rename(staged, path)
    except BaseException as exc:
        with suppress(OSError):
            disk.unlink(staged)
        if isinstance(exc, OSError):
            exc.filename = str(path)  # write(2) knows none, and a person none that is staged
        raise
    disk.sync_folder(path.parent)


def replace_link(disk: Disk, path: Path, target: str) -> None:
    """Let the symlink at `path` say `target`, by rename; on the disk when this returns."""
    staged = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    disk.link(staged, target)
    try:
        disk.rename(staged, path)
    except BaseException:
        with suppress(OSError):
            disk.unlink(staged)
        raise
    disk.sync_folder(path.parent)


@contextmanager
def disk_trouble(deed: str) -> Iterator[None]:
    """Turn an OSError into a PackageError that says what could not be done, and by which file."""
    try:
        yield
    except OSError as exc:
        is_full = exc.errno in (errno.ENOSPC, errno.EDQUOT)
        by = f"{exc.filename}: " if exc.filename and str(exc.filename) not in deed else ""
        raise PackageError(
            f"{deed}: {by}{exc.strerror or exc}",
            hint="make room on the disk" if is_full else "see the disk and its permissions",
            kind="disk-full" if is_full else "disk-error",
        ) from exc


def _sync_file_system(handle: int) -> bool:
    """Whether syncfs(2) is here and did it; raises OSError where it failed."""
    if not sys.platform.startswith("linux"):
        return False
    call = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if call is None:
        return False
    if call(handle) != 0:
        failed = ctypes.get_errno()
        raise OSError(failed, os.strerror(failed))
    return True
