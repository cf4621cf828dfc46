"""A package that has been fetched and unpacked, with all that is to be known before it is taken."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from runtime_manager.errors import PackageError
from runtime_manager.model.home import Home
from runtime_manager.model.manifest import Manifest
from runtime_manager.packages.archive import unpack
from runtime_manager.packages.disk import Disk, disk_trouble
from runtime_manager.packages.package_folder import PackageFolder, read_package
from runtime_manager.packages.progress import Progress, no_progress
from runtime_manager.packages.signers import Checked, Policy, check_signature
from runtime_manager.packages.source_files import copy_source
from runtime_manager.packages.staging import Staging, staging
from runtime_manager.packages.store import Tree
from runtime_manager.packages.tree_digest import Record, Records
from runtime_manager.packages.trust import Trust


class Fetched(Protocol):
    """What a source gave: an archive file or a folder, and what it was promised to be.

    `source` is what the registry keeps. The rest is None where nothing was promised: the archive's
    sha256, the id of the key that must have signed it, the manifest's code and version.
    """

    @property
    def path(self) -> Path: ...  # noqa: D102
    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def archive_sha256(self) -> str | None: ...  # noqa: D102
    @property
    def signer(self) -> str | None: ...  # noqa: D102
    @property
    def code(self) -> str | None: ...  # noqa: D102
    @property
    def version(self) -> str | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class LocalPackage:
    """A folder or an archive file on this machine."""

    path: Path
    source: str
    archive_sha256: str | None = None
    signer: str | None = None
    code: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """Lies in a staging folder of its own. `archive_sha256` is empty where it came as a folder."""

    package: PackageFolder
    records: Records
    source: str
    archive_sha256: str
    checked: Checked
    staging: Staging

    @property
    def manifest(self) -> Manifest:
        """What it says about itself."""
        return self.package.manifest

    @property
    def tree(self) -> Tree:
        """Its files."""
        manifest = self.manifest
        return Tree(self.package.root, manifest.code, manifest.version, self.records)


@contextmanager
def staged(
    home: Home,
    fetched: Fetched,
    *,
    policy: Policy = "warn",
    disk: Disk | None = None,
    progress: Progress = no_progress,
) -> Iterator[Candidate]:
    """Unpack or copy what was fetched, and check it; all of it is gone at the end.

    Raises PackageError for what no package may be and for signatures that `policy` forbids,
    ManifestError for a bad manifest.
    """
    disk = disk or Disk()
    with ExitStack() as held:
        with disk_trouble(f"{fetched.source} cannot be made ready"):
            own = held.enter_context(staging(home, disk))
            into = own.folder / "tree"
            disk.make_folder(into)
            archive_sha256, records = _files(fetched, into, disk=disk, progress=progress)
            package = read_package(into)
            check_promised(package.manifest, fetched)
            records = _below(records, package.root, into)
            checked = check_signature(
                package, records, trust=Trust(home), policy=policy, demanded=fetched.signer
            )
        yield Candidate(package, records, fetched.source, archive_sha256, checked, own)


def _files(
    fetched: Fetched, into: Path, *, disk: Disk, progress: Progress
) -> tuple[str, dict[str, Record]]:
    """Put them into `into`; the archive's SHA-256, empty for a folder, and what they are."""
    if fetched.path.is_dir():
        made = read_package(fetched.path)
        code = made.manifest.code
        return "", copy_source(made.root, into, code=code, disk=disk, progress=progress)
    sha256 = fetched.archive_sha256
    unpacked = unpack(fetched.path, into, sha256=sha256, disk=disk, progress=progress)
    return unpacked.archive_sha256, unpacked.records


def check_promised(manifest: Manifest, fetched: Fetched) -> None:
    """Raise PackageError where the manifest is of another package or version than was asked for."""
    for what, wanted, found in (
        ("code", fetched.code, manifest.code),
        ("version", fetched.version, manifest.version),
    ):
        if wanted is not None and wanted != found:
            raise PackageError(
                f"{fetched.source} has the {what} {found}, and {wanted} was asked for",
                hint="what was fetched is another package: do not trust where it comes from",
                kind=f"{what}-mismatch",
                found=found,
                expected=wanted,
            )


def _below(records: dict[str, Record], root: Path, into: Path) -> dict[str, Record]:
    """The records by path from the package's own root; what lies beside it is left behind."""
    if root == into:
        return records
    prefix = f"{root.relative_to(into)}/"
    return {p.removeprefix(prefix): one for p, one in records.items() if p.startswith(prefix)}
