"""One file or folder of an archive, as the readers of both formats give it."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import dataclass

from runtime_manager.errors import PackageError

_KINDS = {
    stat.S_IFLNK: ("a symlink", "symlink"),
    stat.S_IFCHR: ("a device", "device"),
    stat.S_IFBLK: ("a device", "device"),
    stat.S_IFIFO: ("a pipe", "fifo"),
    stat.S_IFSOCK: ("a socket", "socket"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """`name` is as written; `content` is what a file holds, to be read before the next entry."""

    name: str
    is_folder: bool
    is_executable: bool = False
    size_bytes: int = 0
    content: Iterable[bytes | memoryview] = ()


def check_mode(name: str, mode: int) -> None:
    """Raise PackageError for a kind of file, or a right, that no package may have.

    `mode` is that of stat(2); its kind may be missing.
    """
    kind = stat.S_IFMT(mode)
    if kind in _KINDS:
        raise unwelcome(name, *_KINDS[kind])
    if kind != stat.S_IFDIR and mode & (stat.S_ISUID | stat.S_ISGID):
        raise unwelcome(name, "a program that would run as another user (setuid)", "setuid")


def unwelcome(name: str, what: str, kind: str) -> PackageError:
    """The error for an entry that is no plain file or folder."""
    shown = name if name.isprintable() else ascii(name)
    return PackageError(
        f"{shown} is {what}",
        hint="packages have plain files and folders alone: leave it out, or put one in its place",
        kind=kind,
        path=shown,
    )
