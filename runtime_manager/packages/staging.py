"""Folders in which packages are made ready, on the file system they will be published on.

Each is locked by flock(2) for as long as its maker lives, so that what a killed one left is known
by its being free. A maker that has published a folder nobody refers to yet claims it here.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from runtime_manager.model.home import Home
from runtime_manager.packages.disk import Disk
from runtime_manager.packages.ownership import hand_to_owner

_CLAIM = "claim"
_LOOK = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class Staging:
    """One folder of our own; `staging` makes and removes it."""

    __slots__ = ("_disk", "folder")

    def __init__(self, folder: Path, disk: Disk) -> None:
        self.folder = folder
        self._disk = disk

    def claim(self, published: Path) -> None:
        """Keep `published` from being swept until this folder is removed."""
        handle = self._disk.create(self.folder / _CLAIM, mode=0o600)
        try:
            self._disk.write(handle, os.fsencode(published))
        finally:
            os.close(handle)


def staging_folder(home: Home) -> Path:
    """Where all of them are."""
    return home.packages / ".staging"


@contextmanager
def staging(home: Home, disk: Disk) -> Iterator[Staging]:
    """A new folder, removed with all that is still in it at the end. Raises OSError."""
    above = staging_folder(home)
    above.mkdir(parents=True, exist_ok=True)
    hand_to_owner(home)
    while True:
        folder = above / secrets.token_hex(6)
        disk.make_folder(folder, mode=0o700)
        with _locked(folder) as lock:
            if lock is None or not _is_still(folder, lock):
                continue  # swept between its making and its locking
            try:
                yield Staging(folder, disk)
            finally:
                disk.remove_tree(folder)
            return


def sweep_staging(home: Home, disk: Disk) -> frozenset[Path]:
    """Remove what killed makers left; what the living ones have claimed. Raises OSError."""
    claims: set[Path] = set()
    for folder in _folders(staging_folder(home)):
        with _locked(folder) as lock:
            if lock is not None:
                disk.remove_tree(folder)
                continue
        with suppress(OSError):
            claims.add(Path(os.fsdecode((folder / _CLAIM).read_bytes())))
    return frozenset(claims)


def _folders(above: Path) -> list[Path]:
    try:
        return sorted(one for one in above.iterdir() if one.is_dir())
    except FileNotFoundError:
        return []


@contextmanager
def _locked(folder: Path) -> Iterator[int | None]:
    """A locked descriptor of the folder; None where another has the lock, or it is gone."""
    try:
        handle = os.open(folder, _LOOK)
    except FileNotFoundError:
        yield None
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield handle
    finally:
        os.close(handle)


def _is_still(folder: Path, handle: int) -> bool:
    try:
        return os.path.samestat(folder.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False
