"""The folder of one package: where its root is, and what its manifest says."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from runtime_manager.errors import PackageError
from runtime_manager.model.manifest import Manifest, parse_manifest
from runtime_manager.packages.manifest_file import PLACES, manifest_text


@dataclass(frozen=True, slots=True)
class PackageFolder:
    """`manifest_path` is relative to `root`, `manifest_sha256` that of its bytes."""

    root: Path
    manifest: Manifest
    manifest_path: str
    manifest_text: bytes

    @property
    def manifest_sha256(self) -> str:
        """The SHA-256 of the manifest as it is written."""
        return hashlib.sha256(self.manifest_text).hexdigest()


def read_package(folder: Path) -> PackageFolder:
    """The package in `folder`, or in the one folder that an archive of it has at its top.

    Raises PackageError where there is no manifest or more than one, ManifestError for a bad one.
    """
    root = _root(folder)
    path, text = manifest_text(root)
    place = path.removeprefix(f"{root}/")
    manifest = parse_manifest(text, file=place, dir_name=root.name)
    return PackageFolder(root, manifest, place, text)


def _root(folder: Path) -> Path:
    if _has_manifest(folder):
        return folder
    below = [one for one in sorted(folder.iterdir()) if one.is_dir() and _has_manifest(one)]
    if len(below) > 1:
        raise _two_manifests(*(f"{one.name}/{PLACES[0]}" for one in below[:2]))
    if not below:
        raise PackageError(
            "there is no manifest.yaml in the package",
            hint="the manifest belongs at its top, or into the one folder there",
            kind="no-manifest",
        )
    return below[0]


def _has_manifest(folder: Path) -> bool:
    found = [place for place in PLACES if (folder / place).exists()]
    if len(found) > 1:
        raise _two_manifests(*found)
    return bool(found)


def _two_manifests(first: str, second: str) -> PackageError:
    return PackageError(
        f"the package has two manifests: {first} and {second}",
        hint="leave one of them out",
        kind="two-manifests",
    )
