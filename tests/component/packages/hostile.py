"""Archives that must not be unpacked, each with the kind of error it gets."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from runtime_manager.packages.limits import Limits

MANIFEST = b"code: cool\nversion: 1.0.0\nbinary: ./run\n"
MIB = 2**20
USUAL = Limits()
SMALL = Limits(unpacked_bytes=8 * MIB, entries=50, ratio=20, ratio_floor_bytes=1 * MIB)
"""Limits that a test reaches in a moment; those in use differ in size alone."""

Write = Callable[[Path], object]


@dataclass(frozen=True, slots=True)
class Hostile:
    """One archive: what is wrong with it, who writes it, and the `kind` of the error."""

    what: str
    write: Write
    kind: str
    limits: Limits = USUAL

    def __str__(self) -> str:
        return self.what


def member(
    name: str, data: bytes = b"x", *, kind: bytes = tarfile.REGTYPE, mode: int = 0o644, to: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    found = tarfile.TarInfo(name)
    found.type, found.mode, found.linkname = kind, mode, to
    found.size = len(data) if kind in (tarfile.REGTYPE, b"7") else 0
    return found, data


def tar_gz(*members: tuple[tarfile.TarInfo, bytes], manifest: bool = True) -> Write:
    def write(path: Path) -> None:
        with tarfile.open(path, "w:gz", compresslevel=1) as archive:
            for info, data in [*([member("manifest.yaml", MANIFEST)] * manifest), *members]:
                archive.addfile(info, io.BytesIO(data) if info.size else None)

    return write


def zipped(*members: tuple[str, bytes, int], manifest: bool = True) -> Write:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data, mode in [*([("manifest.yaml", MANIFEST, 0o644)] * manifest), *members]:
                info = zipfile.ZipInfo(name)
                info.create_system, info.external_attr = 3, mode << 16
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, data)

    return write


def cut(write: Write, *, keep: float) -> Write:
    def shorter(path: Path) -> None:
        write(path)
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * keep)])

    return shorter


def zeros(size: int) -> Write:
    """One file of zeros, written without ever having them in memory."""

    def write(path: Path) -> None:
        info = tarfile.TarInfo("zeros")
        info.size = size
        with gzip.open(path, "wb", compresslevel=1) as file:
            file.write(info.tobuf(tarfile.GNU_FORMAT))
            for _ in range(size // MIB):
                file.write(bytes(MIB))
            file.write(bytes(1024))

    return write


def of_bytes(data: bytes) -> Write:
    return lambda path: path.write_bytes(data)


def gzipped_tar(data: bytes) -> Write:
    return lambda path: path.write_bytes(gzip.compress(data))


def many(count: int) -> Sequence[tuple[tarfile.TarInfo, bytes]]:
    return [member(f"f{number}", b"") for number in range(count)]


def _header(name: str = "a") -> bytes:
    return tarfile.TarInfo(name).tobuf(tarfile.USTAR_FORMAT)


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def _encrypted(path: Path) -> None:
    zipped(("a", b"x", 0o644))(path)
    data = bytearray(path.read_bytes())
    at = data.rfind(b"PK\1\2")
    data[at + 8] |= 1
    path.write_bytes(data)


def _wrong_checksum(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("manifest.yaml", MANIFEST)
        archive.writestr("a", b"something to be changed")
    path.write_bytes(path.read_bytes().replace(b"to be changed", b"to be Changed"))


_RANDOM = os.urandom(64 * 1024)

TARS = [
    Hostile("a path with ..", tar_gz(member("../out")), "outside"),
    Hostile("a path with .. in the middle", tar_gz(member("a/../../out")), "outside"),
    Hostile("a folder with ..", tar_gz(member("../out", kind=tarfile.DIRTYPE)), "outside"),
    Hostile("an absolute path", tar_gz(member("/etc/passwd")), "absolute-path"),
    Hostile("a symlink", tar_gz(member("a", kind=tarfile.SYMTYPE, to="/etc")), "symlink"),
    Hostile("a symlink inside", tar_gz(member("a", kind=tarfile.SYMTYPE, to="b")), "symlink"),
    Hostile("a hardlink", tar_gz(member("a", kind=tarfile.LNKTYPE, to="b")), "hardlink"),
    Hostile("a character device", tar_gz(member("a", kind=tarfile.CHRTYPE)), "device"),
    Hostile("a block device", tar_gz(member("a", kind=tarfile.BLKTYPE)), "device"),
    Hostile("a pipe", tar_gz(member("a", kind=tarfile.FIFOTYPE)), "fifo"),
    Hostile("a sparse file", tar_gz(member("a", kind=tarfile.GNUTYPE_SPARSE)), "sparse"),
    Hostile("a file of an unknown kind", tar_gz(member("a", kind=b"7")), "unknown-kind"),
    Hostile("a setuid program", tar_gz(member("a", mode=0o4755)), "setuid"),
    Hostile("a setgid program", tar_gz(member("a", mode=0o2755)), "setuid"),
    Hostile("names that differ in case", tar_gz(member("a"), member("A")), "case-collision"),
    Hostile("folders that differ in case", tar_gz(member("a/b"), member("A/c")), "case-collision"),
    Hostile(
        "names that differ in composition",
        tar_gz(member("caf\u00e9"), member("cafe\u0301")),
        "case-collision",
    ),
    Hostile("the same file twice", tar_gz(member("a"), member("a")), "duplicate"),
    Hostile("a file that is a folder too", tar_gz(member("a"), member("a/b")), "file-and-folder"),
    Hostile("a folder that is a file too", tar_gz(member("a/b"), member("a")), "file-and-folder"),
    Hostile("a name with a line feed", tar_gz(member("a\nb")), "bad-name"),
    Hostile("a name with a backslash", tar_gz(member("a\\..\\b")), "bad-name"),
    Hostile("a name that is not UTF-8", tar_gz(member("a\udcff")), "bad-name"),
    Hostile("a name that is too long", tar_gz(member("a" * 300)), "name-too-long"),
    Hostile("folders 100 deep", tar_gz(member("a/" * 100 + "b")), "name-too-long"),
    Hostile("zeros, much larger unpacked", zeros(4 * MIB), "ratio", SMALL),
    Hostile(
        "more than may be unpacked",
        tar_gz(*[member(str(n), _RANDOM) for n in range(130)]),
        "too-large",
        Limits(unpacked_bytes=8 * MIB),
    ),
    Hostile("too many files", tar_gz(*many(60)), "too-many", SMALL),
    Hostile("too many folders on the way", tar_gz(member("a/" * 60 + "b")), "too-many", SMALL),
    Hostile("an archive cut in a file", cut(tar_gz(member("a", _RANDOM)), keep=0.5), "truncated"),
    Hostile("an archive without its last bytes", cut(tar_gz(), keep=0.98), "truncated"),
    Hostile("an empty file", of_bytes(b""), "truncated"),
    Hostile("a tar without its end", gzipped_tar(_header()), "damaged"),
    Hostile("a tar cut in a file", gzipped_tar(_flipped(_header(), 130)[:512]), "damaged"),
    Hostile("a header with a wrong checksum", gzipped_tar(_flipped(_header(), 0)), "damaged"),
    Hostile(
        "something after the end", gzipped_tar(_header() + bytes(1024) + b"x" * 512), "damaged"
    ),
    Hostile(
        "something after the gzip", of_bytes(gzip.compress(_header() + bytes(1024)) + b"PK"),
        "damaged",
    ),
    Hostile("no archive at all", of_bytes(b"#!/bin/sh\n"), "unknown-format"),
]  # fmt: skip

ZIPS = [
    Hostile("zip: a path with ..", zipped(("../out", b"x", 0o644)), "outside"),
    Hostile("zip: an absolute path", zipped(("/etc/passwd", b"x", 0o644)), "absolute-path"),
    Hostile("zip: a symlink", zipped(("a", b"/etc", 0o120777)), "symlink"),
    Hostile("zip: a device", zipped(("a", b"", 0o020644)), "device"),
    Hostile("zip: a pipe", zipped(("a", b"", 0o010644)), "fifo"),
    Hostile("zip: a setuid program", zipped(("a", b"x", 0o104755)), "setuid"),
    Hostile(
        "zip: names that differ in case",
        zipped(("a", b"x", 0o644), ("A", b"x", 0o644)),
        "case-collision",
    ),
    Hostile("zip: much larger unpacked", zipped(("a", bytes(4 * MIB), 0o644)), "ratio", SMALL),
    Hostile(
        "zip: too many files", zipped(*[(str(n), b"", 0o644) for n in range(60)]), "too-many", SMALL
    ),
    Hostile("zip: cut", cut(zipped(("a", _RANDOM, 0o644)), keep=0.5), "damaged"),
    Hostile("zip: a wrong checksum", _wrong_checksum, "damaged"),
    Hostile("zip: an encrypted file", _encrypted, "encrypted"),
]

ALL = [*TARS, *ZIPS]
