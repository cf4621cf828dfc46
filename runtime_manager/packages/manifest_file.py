"""Where a package's manifest lies, and its bytes."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from runtime_manager.errors import ManifestError
from runtime_manager.model.document import LIMIT_BYTES

PLACES = ("manifest.yaml", ".core/manifest.yaml")
"""The first that is there counts; the second is core/ide's."""


def manifest_text(folder: Path) -> tuple[str, bytes]:
    """Path and bytes of the manifest in `folder`. Raises ManifestError, or OSError."""
    for place in PLACES:
        path = f"{folder}/{place}"
        try:
            return path, _content(path)
        except (FileNotFoundError, NotADirectoryError):
            continue
    raise ManifestError(
        f"{folder}: there is no manifest.yaml",
        hint="add one, or move the folder away",
        file=f"{folder}/{PLACES[0]}",
    )


def _content(path: str) -> bytes:
    """The file's bytes, one more than is allowed at most. A pipe in its place must not block us."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise ManifestError(f"{path} is not a file", file=path)
        return os.read(handle, min(found.st_size, LIMIT_BYTES) + 1)
    finally:
        os.close(handle)
