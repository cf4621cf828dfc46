"""What a registry from elsewhere says of each package: what to fetch, and what it must be. Pure."""

from __future__ import annotations

from dataclasses import replace

from runtime_manager.errors import PackageError
from runtime_manager.model.registry import RegistryEntry
from runtime_manager.model.source import (
    ArchiveSource,
    IndexSource,
    SourceSpec,
    UrlSource,
    parse_source,
)
from runtime_manager.model.version_range import parse_range


def locked_source(code: str, entry: RegistryEntry) -> SourceSpec:
    """Where to get the very version that `entry` tells of. Raises PackageError where nowhere is."""
    if not entry.tree_digest or not entry.source:
        raise PackageError(
            f"{code} cannot be had from elsewhere: it came from {entry.source or 'nowhere known'}",
            hint="install it by itself, and take it out of the locked file",
            kind="not-locked",
        )
    spec = parse_source(entry.source)
    if isinstance(spec, ArchiveSource | UrlSource) and entry.archive_sha256:
        return replace(spec, sha256=entry.archive_sha256)
    if isinstance(spec, IndexSource):
        return IndexSource(spec.code, parse_range(f"={entry.version}"))
    return spec


def check_locked(code: str, entry: RegistryEntry, *, digest: str) -> None:
    """Raise PackageError where the files that came, with this tree digest, are not those locked."""
    if digest != entry.tree_digest:
        raise PackageError(
            f"{code} {entry.version} from {entry.source} is not what was locked: "
            f"its files have the digest {digest}, not {entry.tree_digest}",
            hint="the source has changed, or it has other files for this platform",
            kind="locked-mismatch",
            expected=entry.tree_digest,
            found=digest,
        )
