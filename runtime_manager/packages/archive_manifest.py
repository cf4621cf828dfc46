"""The manifest inside an archive that is not unpacked; every entry's name is checked on the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BufferedReader
from pathlib import Path

from runtime_manager.errors import PackageError
from runtime_manager.model.document import LIMIT_BYTES
from runtime_manager.model.manifest import Manifest, parse_manifest
from runtime_manager.packages import tar_archive, zip_archive
from runtime_manager.packages.disk import disk_trouble
from runtime_manager.packages.entries import Entry
from runtime_manager.packages.gunzip import Gunzip
from runtime_manager.packages.limits import Limits
from runtime_manager.packages.manifest_file import PLACES
from runtime_manager.packages.names import Names


def manifest_in(archive: Path) -> Manifest:
    """What the package in `archive` says about itself.

    Raises PackageError for what cannot be unpacked either, ManifestError for a bad manifest.
    """
    with disk_trouble(f"{archive} cannot be read"), archive.open("rb") as file:
        found = dict(_manifests(_entries(file, archive)))
    depth = min((path.count("/") - ("/.core/" in f"/{path}") for path in found), default=0)
    at_top = {p: t for p, t in found.items() if p.count("/") - ("/.core/" in f"/{p}") == depth}
    if len(at_top) != 1:
        what = " and ".join(sorted(at_top)[:2])
        raise PackageError(
            f"{archive} has two manifests: {what}" if at_top else f"{archive} has no manifest.yaml",
            hint="make it with: rtm pack DIR",
            kind="two-manifests" if at_top else "no-manifest",
        )
    ((path, text),) = at_top.items()
    return parse_manifest(text, file=f"{archive}: {path}", dir_name=archive.name)


def _entries(file: BufferedReader, archive: Path) -> Iterator[Entry]:
    limits = Limits()
    magic = file.peek(2)[:2]
    if magic == b"PK":
        yield from zip_archive.entries(file, limits=limits)
    elif magic == b"\x1f\x8b":
        with Gunzip(file, limits=limits) as stream:
            yield from tar_archive.entries(stream)
    else:
        raise PackageError(
            f"{archive} is neither .tar.gz nor .zip",
            hint="make one with: rtm pack DIR",
            kind="unknown-format",
        )


def _manifests(entries: Iterable[Entry]) -> Iterator[tuple[str, bytes]]:
    """Paths and bytes of manifests at the top, or in a folder there."""
    names, limits = Names(), Limits()
    for number, entry in enumerate(entries, start=1):
        limits.check_count(number)
        if entry.is_folder:
            names.add_folder(entry.name)
            continue
        path, _ = names.add_file(entry.name)
        if path in PLACES or path.partition("/")[2] in PLACES:
            yield path, _beginning(entry)


def _beginning(entry: Entry) -> bytes:
    """Its content, one byte more than a manifest may have at most."""
    data = b""
    for piece in entry.content:
        data += piece
        if len(data) > LIMIT_BYTES:
            break
    return data[: LIMIT_BYTES + 1]
