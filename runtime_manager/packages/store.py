"""Installed versions: `packages/CODE/VERSION-DIGEST/`, which never change or move, since a running
program loads files late. Beside each lies `VERSION-DIGEST.files`, the records of what is in it.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from runtime_manager.errors import PackageError
from runtime_manager.model.home import Home
from runtime_manager.model.registry import InstalledVersion, Registry
from runtime_manager.packages.disk import Disk
from runtime_manager.packages.staging import Staging, staging_folder, sweep_staging
from runtime_manager.packages.tree_digest import (
    Records,
    digest_of,
    parse_records,
    records_of,
    text_of,
)

_DIGEST_CHARACTERS = 12
_RECORDS = ".files"


@dataclass(frozen=True, slots=True)
class Tree:
    """The files of one version, not yet in their place."""

    root: Path
    code: str
    version: str
    records: Records

    @property
    def digest(self) -> str:
        """The digest of all of them."""
        return digest_of(self.records)


class Store:
    """The versions of all packages of one home. Its methods raise OSError where the disk fails."""

    def __init__(self, home: Home, disk: Disk | None = None) -> None:
        self._home = home
        self._disk = disk or Disk()

    def path(self, code: str, folder: str) -> Path:
        """Where a version is."""
        return self._home.packages / code / folder

    def settle(self, staging: Staging, tree: Tree) -> None:
        """Have all of a tree on the disk, with its records; what takes long of publishing it."""
        handle = self._disk.create(staging.folder / _RECORDS, mode=0o644)
        try:
            self._disk.write(handle, text_of(tree.records))
            self._disk.sync(handle)
        finally:
            os.close(handle)
        self._disk.sync_tree(tree.root)

    def publish(self, staging: Staging, tree: Tree) -> str:
        """Move a settled tree to its place by one rename; the folder's name. Under the lock.

        It is claimed by `staging` until the registry refers to it. Where the very same is there
        already, that is taken; one that was tampered with is left alone, beside it.
        """
        above = self._home.packages / tree.code
        if not above.exists():
            self._disk.make_folder(above)
            self._disk.sync_folder(above.parent)
        name = self._free_name(above, tree)
        staging.claim(above / name)
        if not (above / name).exists():
            self._disk.rename(staging.folder / _RECORDS, above / f"{name}{_RECORDS}")
            self._disk.rename(tree.root, above / name)
            self._disk.sync_folder(above)
        return name

    def records(self, code: str, version: InstalledVersion) -> Records:
        """What was in it when it was installed; raises PackageError where that is not known."""
        path = self._home.packages / code / f"{version.folder}{_RECORDS}"
        try:
            records = parse_records(path.read_bytes())
        except FileNotFoundError:
            records = {}
        if digest_of(records) != version.tree_digest:
            raise PackageError(
                f"{path} is not the list that was written when {code} {version.version} was "
                "installed, so its files cannot be compared one by one",
                hint="install it again",
                kind="bad-records",
            )
        return records

    def discard(self, code: str, folder: str) -> None:
        """Remove one version; it is out of its place at once, whatever happens then."""
        above = self._home.packages / code
        with suppress(FileNotFoundError):
            self._to_trash(above / folder)
        self._disk.unlink(above / f"{folder}{_RECORDS}")
        with suppress(OSError):  # others of its versions are there
            above.rmdir()

    def sweep(self, registry: Registry, *, in_use: Collection[Path] = ()) -> None:
        """Remove what nothing refers to: leftovers of killed installations, and old versions.

        Only under the registry's lock. What a link in `providers/` leads to is kept, whatever the
        registry says, and so is what is in `in_use`, the folders of running programs.
        """
        claimed = sweep_staging(self._home, self._disk)
        kept = {
            path.resolve()
            for path in (*claimed, *in_use, *self._linked(), *_referred(self._home, registry))
        }
        for code, folder in list(self._all()):
            if self.path(code, folder).resolve() not in kept:
                self.discard(code, folder)
        for left in (*self._home.providers.glob(".*.new"), *self._home.packages.glob(".*.new")):
            self._disk.unlink(left)

    def _all(self) -> Iterator[tuple[str, str]]:
        """Code and folder of each version, also of one whose tree or records are missing.

        What is empty goes at once.
        """
        for above in self._home.packages.glob("[!.]*"):
            if above.is_dir():
                with suppress(OSError):  # there are versions in it
                    above.rmdir()
                    continue
                names = {one.name.removesuffix(_RECORDS) for one in above.iterdir()}
                yield from ((above.name, name) for name in sorted(names))

    def _linked(self) -> Iterator[Path]:
        for link in self._home.providers.glob("[!.]*"):
            if link.is_symlink():
                yield link

    def _free_name(self, above: Path, tree: Tree) -> str:
        wished = name = f"{tree.version}-{tree.digest[:_DIGEST_CHARACTERS]}"
        number = 1
        while (above / name).exists() and records_of(above / name) != tree.records:
            number += 1
            name = f"{wished}-{number}"
        return name

    def _to_trash(self, folder: Path) -> None:
        trash = staging_folder(self._home) / f"trash-{folder.parent.name}-{folder.name}"
        trash.parent.mkdir(exist_ok=True)
        self._disk.remove_tree(trash)
        self._disk.rename(folder, trash)
        self._disk.remove_tree(trash)


def _referred(home: Home, registry: Registry) -> Iterator[Path]:
    for code, entry in registry.providers.items():
        for version in (entry.current, *entry.previous):
            if version.folder:
                yield home.packages / code / version.folder
