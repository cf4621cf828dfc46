"""One way in for every kind of source but names of an index, which `choice` leads to here."""

from __future__ import annotations

import os
from pathlib import Path
from typing import assert_never

from runtime_manager.errors import PackageError, SourceError
from runtime_manager.model.source import (
    ArchiveSource,
    FolderSource,
    GitSource,
    IndexSource,
    NpmSource,
    PypiSource,
    SourceSpec,
    UrlSource,
)
from runtime_manager.packages.progress import Progress
from runtime_manager.packages.sources import git, npm, pypi
from runtime_manager.packages.sources.fetched import Fetched
from runtime_manager.packages.sources.url import Wanted, download
from runtime_manager.packages.sources.web import Web


def fetch(
    spec: SourceSpec,
    into: Path,
    *,
    progress: Progress,
    manifest: Path | None = None,
    web: Web | None = None,
) -> Fetched:
    """Get `spec` into the folder `into`, which is the caller's; local ones stay where they are.

    `manifest` is for packages of PyPI and npm that ship none. Raises PackageError; what it leaves
    in `into` then is of no use.
    """
    if manifest is not None and not isinstance(spec, PypiSource | NpmSource):
        raise SourceError(
            f"{spec}: --manifest is for pypi: and npm:",
            hint="put the manifest into the package",
            kind="bad-source",
        )
    match spec:
        case FolderSource():
            return _folder(spec)
        case ArchiveSource():
            return _archive(spec)
        case UrlSource():
            wanted = Wanted(spec.url, spec.sha256)
            got = download(wanted, into, web=web or Web(), progress=progress)
            return Fetched(got.path, str(spec), archive_sha256=got.sha256)
        case GitSource():
            found = git.checkout(spec, into, progress=progress)
            return Fetched(found.folder, str(spec.at(found.commit)))
        case PypiSource():
            folder = pypi.install(spec, into, progress=progress, manifest=manifest)
            return Fetched(folder, str(spec))
        case NpmSource():
            folder = npm.install(spec, into, progress=progress, manifest=manifest)
            return Fetched(folder, str(spec))
        case IndexSource():
            raise ValueError(f"{spec} is to be looked up in an index first")
        case _:
            assert_never(spec)


def _folder(spec: FolderSource) -> Fetched:
    path = _absolute(spec.path)
    if not path.is_dir():
        what = "is no folder" if path.exists() else "is not there"
        raise PackageError(f"{path} {what}", hint="see that the path is right", kind="unreachable")
    return Fetched(path, str(path))


def _archive(spec: ArchiveSource) -> Fetched:
    path = _absolute(spec.path)
    if path.is_dir():  # a folder may be named like an archive
        return _folder(FolderSource(spec.path))
    if not path.is_file():
        raise PackageError(
            f"{path} is not there", hint="see that the path is right", kind="unreachable"
        )
    return Fetched(path, str(path), archive_sha256=spec.sha256)


def _absolute(path: str) -> Path:
    return Path(os.path.expanduser(path)).absolute()  # noqa: PTH111  # Path's raises for ~nobody
