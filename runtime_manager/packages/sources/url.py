"""An archive from a web server, written to a file while its sha256 is taken."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from runtime_manager.errors import PackageError
from runtime_manager.packages.disk import disk_trouble
from runtime_manager.packages.progress import Progress
from runtime_manager.packages.sources.hops import Hop
from runtime_manager.packages.sources.web import Answer, Web

LIMIT_BYTES = 2 * 2**30
"""The largest archive that is taken."""

_PIECE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Wanted:
    """An address and what is known of what lies there; None is unknown.

    `before` is the index that named it, None: the user did.
    """

    url: str
    sha256: str | None = None
    size_bytes: int | None = None
    before: Hop | None = None


@dataclass(frozen=True, slots=True)
class Download:
    """A file that came whole."""

    path: Path
    sha256: str


def download(
    wanted: Wanted, into: Path, *, web: Web, progress: Progress, limit_bytes: int = LIMIT_BYTES
) -> Download:
    """Fetch into the folder `into`. Raises PackageError, with no file left, where it is not as
    wanted, larger than `limit_bytes`, or cannot be had.
    """
    path = into / _file_name(wanted.url)
    limit = min(limit_bytes, wanted.size_bytes or limit_bytes)
    is_pinned = wanted.sha256 is not None
    try:
        with (
            web.get(wanted.url, before=wanted.before, is_pinned=is_pinned) as answer,
            disk_trouble(f"{path} cannot be written"),
            path.open("xb") as file,
        ):
            digest = _copy(answer, file, progress=progress, limit_bytes=limit)
            _check_size(wanted, file.tell())
        _check_sha256(wanted, digest)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Download(path, digest)


def _copy(answer: Answer, file: BinaryIO, *, progress: Progress, limit_bytes: int) -> str:
    length = answer.headers.get("Content-Length", "")
    total = int(length) if length.isascii() and length.isdecimal() else None
    _check_limit(answer, total or 0, limit_bytes)
    summed, done = hashlib.sha256(), 0
    progress("fetch", 0, total)
    while piece := answer.read(_PIECE_BYTES):
        done += len(piece)
        _check_limit(answer, done, limit_bytes)
        summed.update(piece)
        file.write(piece)
        progress("fetch", done, total)
    return summed.hexdigest()


def _check_limit(answer: Answer, size_bytes: int, limit_bytes: int) -> None:
    if size_bytes > limit_bytes:
        raise PackageError(
            f"{answer.hop.url} is larger than {limit_bytes:,} bytes, the most it may be",
            hint="see that the address is right",
            kind="too-large",
            limit_bytes=limit_bytes,
        )


def _check_size(wanted: Wanted, size_bytes: int) -> None:
    if wanted.size_bytes is not None and size_bytes != wanted.size_bytes:
        raise PackageError(
            f"{wanted.url} has {size_bytes:,} bytes; its index says {wanted.size_bytes:,}",
            hint="tell who keeps the index",
            kind="size-mismatch",
        )


def _check_sha256(wanted: Wanted, found: str) -> None:
    if wanted.sha256 not in (None, found):
        raise PackageError(
            f"{wanted.url} is not what was asked for: its SHA-256 is {found}, "
            f"expected {wanted.sha256}",
            hint="fetch it again; if it stays so, ask where the expected value comes from",
            kind="sha256-mismatch",
            found=found,
            expected=wanted.sha256,
        )


def _file_name(url: str) -> str:
    """The last word of the address, made harmless; its end tells the reader what it is."""
    name = re.sub(r"[^A-Za-z0-9._+-]+", "-", urlsplit(url).path.rpartition("/")[2])[-100:]
    return name.lstrip(".-") or "package"
