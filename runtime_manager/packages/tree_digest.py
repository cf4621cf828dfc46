"""What an installed package consists of, file by file, and one digest for all of it.

The records are a text, one line `SHA256 KIND PATH` for each file, by path; the digest is the
SHA-256 of that text. Caches of bytecode (`__pycache__`) do not count: Python writes them later.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from runtime_manager.errors import PackageError
from runtime_manager.packages.progress import Progress, no_progress

IGNORED_FOLDER = "__pycache__"
_READ_BYTES = 1 << 20
_THREADS = 2
"""More take longer: most of the time goes to opening files, which holds the interpreter's lock."""
_SHARE = 64


class Kind(StrEnum):
    """What stands at a path."""

    FILE = "-"
    PROGRAM = "x"
    LINK = "l"
    OTHER = "?"


@dataclass(frozen=True, slots=True)
class Record:
    """One file: its kind, and the SHA-256 of its bytes or, of a symlink, of what it says."""

    kind: Kind
    sha256: str


Records = Mapping[str, Record]
"""By path, which is relative and has slashes."""


class Deviation(StrEnum):
    """How a file differs from what was installed."""

    CHANGED = "changed"
    ADDED = "added"
    MISSING = "missing"


def records_of(folder: Path, *, progress: Progress = no_progress) -> dict[str, Record]:
    """Read every file below `folder`. Raises OSError, also where a file vanishes meanwhile."""
    found = list(_walk(folder))
    shares = [found[at : at + _SHARE] for at in range(0, len(found), _SHARE)]
    records: dict[str, Record] = {}
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="hash") as threads:
        for share, hashed in zip(shares, threads.map(_recorded, shares), strict=True):
            records.update(zip((path for path, _ in share), hashed, strict=True))
            progress("hash", len(records), len(found))
    return records


def text_of(records: Records) -> bytes:
    """The records as they are written and hashed."""
    lines = [f"{one.sha256} {one.kind} {path}\n" for path, one in sorted(records.items())]
    return "".join(lines).encode(errors="surrogateescape")


def digest_of(records: Records) -> str:
    """64 hexadecimal characters for the whole tree."""
    return hashlib.sha256(text_of(records)).hexdigest()


def parse_records(text: bytes) -> dict[str, Record]:
    """The records of a text; raises PackageError where it is none."""
    try:
        return dict(map(_parsed, text.decode(errors="surrogateescape").splitlines()))
    except ValueError:
        raise PackageError(
            "the list of a package's files is damaged",
            hint="install the package again",
            kind="bad-records",
        ) from None


def differences(recorded: Records, found: Records) -> list[tuple[str, Deviation]]:
    """Each path that is not as it was recorded, by path."""
    deviations = {path: Deviation.MISSING for path in recorded if path not in found}
    for path, record in found.items():
        if path not in recorded:
            deviations[path] = Deviation.ADDED
        elif recorded[path] != record:
            deviations[path] = Deviation.CHANGED
    return sorted(deviations.items())


def _parsed(line: str) -> tuple[str, Record]:
    sha256, kind, path = line.split(" ", 2)
    return path, Record(Kind(kind), sha256)


def _walk(folder: Path) -> Iterator[tuple[str, str]]:
    """Relative and full path of all that is no folder."""
    root = os.fspath(folder)
    left = [root]
    while left:
        with os.scandir(left.pop()) as entries:
            for entry in entries:
                if not entry.is_dir(follow_symlinks=False):
                    yield entry.path[len(root) + 1 :], entry.path
                elif entry.name != IGNORED_FOLDER:
                    left.append(entry.path)


def _recorded(share: Sequence[tuple[str, str]]) -> list[Record]:
    return [record_of(path) for _, path in share]


def record_of(path: str) -> Record:
    """The record of one file, which is not followed where it is a symlink."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return _record_of_other(path)
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            return Record(Kind.OTHER, "")
        data = os.read(handle, min(found.st_size + 1, _READ_BYTES))
        summed = hashlib.sha256(data)
        while len(data) == _READ_BYTES:
            data = os.read(handle, _READ_BYTES)
            summed.update(data)
        kind = Kind.PROGRAM if found.st_mode & 0o100 else Kind.FILE
        return Record(kind, summed.hexdigest())
    finally:
        os.close(handle)


def _record_of_other(path: str) -> Record:
    """A symlink, or what cannot be opened, such as a socket; raises OSError for what is gone."""
    mode = os.lstat(path).st_mode  # paths are texts here: thousands of them
    if stat.S_ISLNK(mode):
        target = os.fsencode(os.readlink(path))  # noqa: PTH115
        return Record(Kind.LINK, hashlib.sha256(target).hexdigest())
    if stat.S_ISREG(mode):
        raise PermissionError(13, "it cannot be read", path)
    return Record(Kind.OTHER, "")
