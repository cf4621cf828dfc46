"""What is in a zip archive: the files of its directory, with what Unix noted of each."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from runtime_manager.errors import PackageError
from runtime_manager.packages.entries import Entry, check_mode
from runtime_manager.packages.limits import Limits

_CHUNK_BYTES = 1 << 20
_END = struct.Struct("<4s4H2LH")
_END_MAGIC = b"PK\5\6"
_END_LIMIT_BYTES = _END.size + 0xFFFF
_UNIX, _ENCRYPTED = 3, 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_LEAST_ENTRY_BYTES = 46


def entries(file: BinaryIO, *, limits: Limits) -> Iterator[Entry]:
    """Each file and folder; contents are checked by the archive's own checksums as they are read.

    Raises PackageError for links, devices, encrypted files and damage.
    """
    _check_directory(file, limits)
    try:
        with zipfile.ZipFile(file) as archive:
            found = archive.infolist()
            limits.check_count(len(found))
            for one in found:
                yield _entry(archive, one)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, struct.error) as exc:
        raise _damaged() from exc


def _check_directory(file: BinaryIO, limits: Limits) -> None:
    """Refuse a huge directory before zipfile reads it whole (APPNOTE.TXT 4.3.16)."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_LIMIT_BYTES))
    tail = file.read()
    at = tail.rfind(_END_MAGIC)
    if at < 0 or len(tail) - at < _END.size:
        raise _damaged()
    directory_bytes = _END.unpack_from(tail, at)[5]
    if directory_bytes == 0xFFFFFFFF:  # of a zip64 archive, whose size stands elsewhere
        directory_bytes = min(size, 0xFFFFFFFF)
    if directory_bytes > limits.entries * (_LEAST_ENTRY_BYTES + 254):
        limits.check_count(limits.entries + 1)
    file.seek(0)


def _entry(archive: zipfile.ZipFile, one: zipfile.ZipInfo) -> Entry:
    if one.flag_bits & _ENCRYPTED:
        raise PackageError(
            f"{one.filename} is encrypted", hint="pack it without a password", kind="encrypted"
        )
    if one.compress_type not in _METHODS:
        raise PackageError(
            f"{one.filename} is compressed in a way that is not known here",
            hint="pack it with deflate",
            kind="unknown-compression",
        )
    mode = one.external_attr >> 16 if one.create_system == _UNIX else 0
    if one.is_dir():
        return Entry(one.filename, is_folder=True)
    check_mode(one.filename, mode)
    return Entry(
        one.filename,
        is_folder=False,
        is_executable=bool(mode & 0o111),
        size_bytes=one.file_size,
        content=_content(archive, one),
    )


def _content(archive: zipfile.ZipFile, one: zipfile.ZipInfo) -> Iterator[bytes]:
    try:
        with archive.open(one) as file:
            while data := file.read(_CHUNK_BYTES):
                yield data
    except (zlib.error, zipfile.BadZipFile, NotImplementedError, EOFError, OSError) as exc:
        if isinstance(exc, OSError) and exc.errno is not None:
            raise
        raise _damaged() from exc


def _damaged() -> PackageError:
    return PackageError(
        "the archive is no good zip file: it is damaged, or not whole",
        hint="fetch it again",
        kind="damaged",
    )
