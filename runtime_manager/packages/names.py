"""Which paths a package may have in it. Pure.

What unpacks on one machine must unpack on every other, and never outside its own folder.
"""

from __future__ import annotations

import unicodedata

from runtime_manager.errors import PackageError

PATH_LIMIT_BYTES = 1024
DEPTH_LIMIT = 64
_PART_LIMIT_BYTES = 255


class Names:
    """Every path of one package so far, each checked against the others."""

    __slots__ = ("_claimed", "_folders", "_known")

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._claimed: set[str] = set()
        self._folders: set[str] = {""}

    def add_file(self, raw: str) -> tuple[str, tuple[str, ...]]:
        """The clean path of a file, and the folders on its way that are new, outermost first.

        Raises PackageError where it may not be.
        """
        path = clean(raw)
        if not path:
            raise PackageError("an entry of the package has no name", kind="bad-name")
        folders = self._add_folder(path.rpartition("/")[0])
        if path in self._folders:
            raise PackageError(f"{path} is a file and a folder", kind="file-and-folder", path=path)
        self._claim(path, twice="is in the package twice", kind="duplicate")
        return path, folders

    def add_folder(self, raw: str) -> tuple[str, ...]:
        """Those folders on the way to `raw`, itself included, that are new; the outermost first."""
        return self._add_folder(clean(raw))

    def _add_folder(self, path: str) -> tuple[str, ...]:
        if path in self._folders:
            return ()
        above = self._add_folder(path.rpartition("/")[0])
        self._claim(path, twice="is a file and a folder", kind="file-and-folder")
        self._folders.add(path)
        return (*above, path)

    def _claim(self, path: str, *, twice: str, kind: str) -> None:
        known = self._known.setdefault(_folded(path), path)
        if known != path:
            raise PackageError(
                f"{known} and {path} differ only in case, or in how a letter is written",
                hint="rename one: on some file systems they are the same file",
                kind="case-collision",
                path=path,
            )
        if path in self._claimed:
            raise PackageError(f"{path} {twice}", kind=kind, path=path)
        self._claimed.add(path)


def clean(raw: str) -> str:
    """The path without `./` and doubled slashes; empty for the package's own folder."""
    if raw.startswith("/"):
        raise _refused(raw, "is an absolute path", kind="absolute-path")
    if not raw.isprintable() or "\\" in raw:
        raise _refused(raw, "has a character that no path may have", kind="bad-name")
    parts = [part for part in raw.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise _refused(raw, "leads out of the package (..)", kind="outside")
    path = "/".join(parts)
    size = len(path.encode())
    if size > PATH_LIMIT_BYTES or len(parts) > DEPTH_LIMIT or _has_long_part(parts, size):
        raise _refused(raw[:80] + "…", "is too long or too deep", kind="name-too-long")
    return path


def _folded(path: str) -> str:
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", path).casefold()


def _has_long_part(parts: list[str], size_bytes: int) -> bool:
    return size_bytes > _PART_LIMIT_BYTES and any(
        len(part.encode()) > _PART_LIMIT_BYTES for part in parts
    )


def _refused(raw: str, text: str, *, kind: str) -> PackageError:
    shown = raw if raw.isprintable() else ascii(raw)
    return PackageError(
        f"the path {shown} {text}",
        hint="the package is broken or hostile: ask its author for another",
        kind=kind,
        path=shown,
    )
