"""Install, remove, go back, verify: each one change, whatever happens meanwhile.

The same code runs in the daemon, in a thread, and in a command line without one. All of it blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path

from runtime_manager.clock import Clock, SystemClock
from runtime_manager.errors import PackageError
from runtime_manager.model.home import Home
from runtime_manager.model.manifest import CODE, Manifest
from runtime_manager.model.registry import InstalledVersion, Registry, RegistryEntry
from runtime_manager.packages.candidate import Candidate, Fetched, check_promised
from runtime_manager.packages.disk import Disk, disk_trouble
from runtime_manager.packages.lookup import entry_of, not_installed
from runtime_manager.packages.package_folder import read_package
from runtime_manager.packages.provider_settings import ProviderSettings
from runtime_manager.packages.store import Store
from runtime_manager.packages.transaction import Change, Transactions
from runtime_manager.packages.verification import verify_version

KEPT_VERSIONS = 2
"""How many versions before the one in use are kept to go back to."""

InUse = Callable[[], Collection[Path]]


@dataclass(frozen=True, slots=True)
class Installed:
    """What is in use now. `before` is the version that was, None where there was none.

    `is_new` is False where it was just so already.
    """

    code: str
    version: str
    folder: Path
    before: str | None
    is_new: bool = True


class Installation:
    """What is installed in one home. `in_use` gives the folders that running programs are from."""

    def __init__(
        self,
        home: Home,
        *,
        in_use: InUse = frozenset,
        disk: Disk | None = None,
        clock: Clock | None = None,
    ) -> None:
        disk = disk or Disk()
        self._home = home
        self._disk = disk
        self._clock = clock or SystemClock()
        self._store = Store(home, disk)
        self._transactions = Transactions(
            home, disk=disk, sweep=lambda registry: self._store.sweep(registry, in_use=in_use())
        )

    def registry(self) -> Registry:
        """What is installed; raises RegistryError."""
        return self._transactions.read()

    def sweep(self) -> None:
        """Finish what a killed process began, and remove what it left."""
        self._transactions.sweep()

    def publish(self, candidate: Candidate) -> InstalledVersion:
        """Put the candidate's files in their final place, where nothing refers to them yet.

        From there it can be started beside the one in use; then `adopt` it, or leave it: it is
        swept once the candidate's staging folder is gone.
        """
        with disk_trouble(f"{candidate.source} cannot be put in its place"):
            self._store.settle(candidate.staging, candidate.tree)
            with self._transactions.alone():
                folder = self._store.publish(candidate.staging, candidate.tree)
        return InstalledVersion(
            version=candidate.manifest.version,
            source=candidate.source,
            archive_sha256=candidate.archive_sha256,
            tree_digest=candidate.tree.digest,
            signer=candidate.checked.signer,
            installed=self._now(),
            folder=folder,
        )

    def check_free(self, code: str, version: str) -> None:
        """Raise PackageError where `code` may not be at `version`: held, or a folder in the way."""
        self._check_free(code, self.registry().get(code) or RegistryEntry(), version)

    def adopt(self, manifest: Manifest, version: InstalledVersion) -> Installed:
        """Let a published version be the one in use."""
        return self._use(manifest, version, self._target(manifest.code, version.folder))

    def install(self, candidate: Candidate) -> Installed:
        """Publish and adopt in one go."""
        return self.adopt(candidate.manifest, self.publish(candidate))

    def link(self, fetched: Fetched) -> Installed:
        """Use a package where its author works on it: nothing is copied, nor can be verified."""
        folder = fetched.path.resolve()
        package = read_package(folder)
        check_promised(package.manifest, fetched)
        manifest = package.manifest
        version = InstalledVersion(manifest.version, f"link:{folder}", installed=self._now())
        return self._use(manifest, version, str(package.root))

    def uninstall(self, code: str, *, purge: bool = False) -> None:
        """Remove a package. `purge`: what it wrote and what was set for it too.

        Raises UnknownCodeError where it is not installed; with `purge` only where it left nothing.
        """
        left = [path for path in self._written_by(code) if path.exists()]

        def decide(registry: Registry) -> Change:
            if registry.get(code) is None and not (purge and left):
                raise not_installed(code, registry)
            return Change(code, None, None)

        self._transactions.commit(decide)
        for path in left if purge else ():
            self._disk.remove(path)

    def switch(self, code: str, to: str | None = None) -> Installed:
        """Go back to a version that was in use before; None: the last one.

        Raises PackageError where it is not kept, or its files are not as they were.
        """
        version = self.kept(code, to)
        checked = verify_version(self._store, code, version)
        if not checked.is_good:
            raise PackageError(
                f"{code} {version.version} has been changed since it was installed: "
                f"{checked.summary}",
                hint="install that version again",
                kind="tampered",
            )
        manifest = read_package(self._store.path(code, version.folder)).manifest
        return self.adopt(manifest, version)

    def kept(self, code: str, to: str | None) -> InstalledVersion:
        """The version before, or the one called `to`; raises PackageError where it is not kept."""
        entry = entry_of(self.registry(), code)
        for version in entry.previous:
            if version.folder and to in (None, version.version):
                return version
        offered = ", ".join(one.version for one in entry.previous if one.folder)
        raise PackageError(
            f"there is no earlier version of {code} to go back to"
            if to is None
            else f"{code} {to} is not kept",
            hint=f"kept: {offered}" if offered else "",
            kind="not-kept",
        )

    def set_held(self, code: str, held: bool) -> None:
        """Keep a package at its version, or no longer."""
        self._set(code, lambda entry: replace(entry, held=held))

    def set_auto_start(self, code: str, auto_start: bool) -> None:
        """Start it with the daemon, or not."""
        self._set(code, lambda entry: replace(entry, auto_start=auto_start))

    def _use(self, manifest: Manifest, version: InstalledVersion, target: str) -> Installed:
        code, before = manifest.code, RegistryEntry()

        def decide(registry: Registry) -> Change:
            nonlocal before
            before = registry.get(code) or before
            self._check_free(code, before, version.version)
            after = before if _is_same(before, version) else _succeeded(before, version)
            return Change(code, replace(after, permissions=manifest.permissions), target)

        self._transactions.commit(decide)
        folder = self._store.path(code, version.folder) if version.folder else Path(target)
        is_new = not _is_same(before, version)
        return Installed(code, version.version, folder, before.version or None, is_new=is_new)

    def _written_by(self, code: str) -> tuple[Path, ...]:
        if not CODE.fullmatch(code):  # it becomes part of paths that are removed
            return ()
        settings = ProviderSettings(self._home, code).paths
        return self._home.data(code), self._home.logs(code), *settings

    def _set(self, code: str, change: Callable[[RegistryEntry], RegistryEntry]) -> None:
        self._transactions.update(
            lambda registry: registry.with_entry(code, change(entry_of(registry, code)))
        )

    def _check_free(self, code: str, entry: RegistryEntry, version: str) -> None:
        link = self._home.providers / code
        if link.exists() and not link.is_symlink():
            raise PackageError(
                f"{link} is a folder that was put there by hand",
                hint="move it away first",
                kind="unmanaged",
            )
        if entry.held and entry.version != version:
            raise PackageError(
                f"{code} is held at {entry.version}", hint=f"rtm unhold {code}", kind="held"
            )

    def _target(self, code: str, folder: str) -> str:
        """What the link says: relative, so that a home can be moved; not where `providers` is."""
        if self._home.providers.is_symlink():
            return str(self._store.path(code, folder))
        return f"../packages/{code}/{folder}"

    def _now(self) -> str:
        return f"{self._clock.now().astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _succeeded(entry: RegistryEntry, version: InstalledVersion) -> RegistryEntry:
    """The entry with `version` in use, and what was in use kept, the latest first."""
    earlier = (entry.current, *entry.previous)
    kept = [one for one in earlier if one.folder not in ("", version.folder)]
    return replace(entry.with_current(version), previous=tuple(kept[:KEPT_VERSIONS]))


def _is_same(entry: RegistryEntry, version: InstalledVersion) -> bool:
    return bool(version.folder) and entry.folder == version.folder
