"""Make an index of a folder of archives: the same text for the same archives.

Manifests are read inside the archives, which are not unpacked.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from runtime_manager.errors import PackageError
from runtime_manager.model.index import ANY_PLATFORM, Artifact, Index, Module, Release
from runtime_manager.model.manifest import Manifest
from runtime_manager.model.source import ARCHIVE_SUFFIXES
from runtime_manager.model.version import parse_version
from runtime_manager.packages.archive_manifest import manifest_in
from runtime_manager.packages.disk import disk_trouble
from runtime_manager.packages.progress import Progress, no_progress

_PLATFORM = re.compile(r"-((?:linux|macos|darwin|windows)-[a-z0-9_]+)\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Found:
    """An archive, what is in it, and for which platform its name says it is."""

    path: Path
    manifest: Manifest
    platform: str
    artifact: Artifact


def build_index(
    folder: Path,
    *,
    base_url: str = "",
    signers: Mapping[str, str] | None = None,
    signer: str | None = None,
    before: Index | None = None,
    progress: Progress = no_progress,
) -> Index:
    """The index of all archives below `folder`; `base_url` is where they will lie, else relative.

    `signers` are key ids by code, `signer` that of all others. `before` is the index that was
    there: what only a person can have written in it is kept. Raises PackageError, ManifestError.
    """
    archives = list(_archives(folder))
    found = []
    for number, path in enumerate(archives):
        progress("index", number, len(archives))
        found.append(_found(path, folder, base_url))
    progress("index", len(archives), len(archives))
    by_code: dict[str, list[Found]] = defaultdict(list)
    for one in found:
        by_code[one.manifest.code].append(one)
    modules = tuple(
        _module(code, by_code[code], signer=(signers or {}).get(code, signer), before=before)
        for code in sorted(by_code)
    )
    categories = before.categories if before else ()
    return Index(version=1, modules=modules, categories=categories)


def _archives(folder: Path) -> Iterator[Path]:
    """By name; what begins with a dot is somebody's half-written file."""
    if not folder.is_dir():
        raise PackageError(
            f"{folder} is no folder", hint="name the folder of the archives", kind="unreachable"
        )
    for path in sorted(folder.rglob("*")):
        is_hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.name.lower().endswith(ARCHIVE_SUFFIXES) and path.is_file() and not is_hidden:
            yield path


def _found(path: Path, folder: Path, base_url: str) -> Found:
    manifest = manifest_in(path)
    place = quote(path.relative_to(folder).as_posix())
    with disk_trouble(f"{path} cannot be read"), path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.tell()
    url = f"{base_url.rstrip('/')}/{place}" if base_url else place
    match = _PLATFORM.search(_stem(path.name))
    return Found(
        path,
        manifest,
        match[1] if match else ANY_PLATFORM,
        Artifact(url=url, sha256=sha256, size=size),
    )


def _stem(name: str) -> str:
    return next(name[: -len(end)] for end in ARCHIVE_SUFFIXES if name.lower().endswith(end))


def _module(
    code: str, found: Sequence[Found], *, signer: str | None, before: Index | None
) -> Module:
    """What the newest version's manifest says counts for the package."""
    by_version: dict[str, list[Found]] = defaultdict(list)
    for one in found:
        by_version[one.manifest.version].append(one)
    versions = sorted(by_version, key=parse_version, reverse=True)
    newest = by_version[versions[0]][0].manifest
    earlier = before.find(code) if before else None
    return Module(
        code=code,
        name=newest.name,
        description=newest.description,
        licence=newest.licence,
        sign_key=newest.sign_key,
        category=earlier.category if earlier else "",
        repo=earlier.repo if earlier else "",
        signer=signer or (earlier.signer if earlier else None),
        versions=tuple(_release(by_version[version]) for version in versions),
    )


def _release(found: Sequence[Found]) -> Release:
    platforms: dict[str, Artifact] = {}
    paths: dict[str, Path] = {}
    for one in found:
        if one.platform in platforms:
            raise PackageError(
                f"{paths[one.platform]} and {one.path} are both {one.manifest.code} "
                f"{one.manifest.version} for {one.platform}",
                hint="remove one; a name that ends in -linux-x86_64 tells the platform",
                kind="two-archives",
            )
        platforms[one.platform], paths[one.platform] = one.artifact, one.path
    manifest = found[0].manifest
    return Release(
        version=manifest.version,
        platforms=dict(sorted(platforms.items())),
        depends_on=manifest.depends_on,
    )
