"""Whether an installed package is still what was installed, file by file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from runtime_manager.errors import PackageError
from runtime_manager.model.home import Home
from runtime_manager.model.registry import InstalledVersion
from runtime_manager.packages.lookup import entry_of
from runtime_manager.packages.store import Store
from runtime_manager.packages.transaction import Transactions
from runtime_manager.packages.tree_digest import (
    Deviation,
    Records,
    differences,
    digest_of,
    records_of,
)


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found. `problem` says what is wrong with the package as a whole, if anything.

    `is_checkable` is False for a linked folder, which has nothing to be compared with.
    """

    code: str
    version: str
    differences: tuple[tuple[str, Deviation], ...] = ()
    problem: str = ""
    is_checkable: bool = True

    @property
    def is_good(self) -> bool:
        """Whether nothing was found."""
        return not self.differences and not self.problem

    @property
    def summary(self) -> str:
        """What was found, in one line."""
        if self.problem or not self.differences:
            return self.problem
        path, deviation = self.differences[0]
        more = len(self.differences) - 1
        return f"{path} {deviation}" + (f", and {more} more" if more else "")


def verify_installed(home: Home, codes: Sequence[str] = ()) -> list[Verification]:
    """Compare all files of these packages, or of all, with what was installed.

    Raises RegistryError, UnknownCodeError.
    """
    registry, store = Transactions(home).read(), Store(home)
    return [
        verify_version(store, code, entry_of(registry, code).current, link=home.providers / code)
        for code in codes or sorted(registry.providers)
    ]


def verify_version(
    store: Store, code: str, version: InstalledVersion, *, link: Path | None = None
) -> Verification:
    """Read every file of it. `link` is the one in `providers/` that should lead to it."""
    if not version.folder:
        return Verification(code, version.version, is_checkable=False)
    folder = store.path(code, version.folder)
    try:
        found = records_of(folder)
    except OSError as exc:
        problem = f"{exc.filename or folder} cannot be read: {exc.strerror}"
        return Verification(code, version.version, problem=problem)
    if digest_of(found) != version.tree_digest:
        return _named(store, code, version=version, found=found)
    if link is not None and link.resolve() != folder.resolve():
        problem = f"{link} does not lead to the version that is installed"
        return Verification(code, version.version, problem=problem)
    return Verification(code, version.version)


def _named(store: Store, code: str, *, version: InstalledVersion, found: Records) -> Verification:
    """Each file that differs, where it is known what was installed."""
    try:
        named = differences(store.records(code, version), found)
    except PackageError as error:
        return Verification(code, version.version, problem=error.message)
    return Verification(code, version.version, differences=tuple(named))
