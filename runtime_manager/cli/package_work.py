"""What the verbs for packages do without a daemon; imports pydantic and yaml: come late."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager

from runtime_manager.cli.offline import read_settings
from runtime_manager.errors import PackageError, UnknownCodeError
from runtime_manager.model.home import Home
from runtime_manager.model.manifest import Manifest
from runtime_manager.model.nearest import nearest
from runtime_manager.model.registry import Registry
from runtime_manager.model.source import IndexSource
from runtime_manager.packages.candidate import Candidate, Fetched, staged
from runtime_manager.packages.dependents import dependents, missing_dependencies
from runtime_manager.packages.discovery import scan
from runtime_manager.packages.installation import Installation, Installed
from runtime_manager.packages.permissions import asked_for, widened
from runtime_manager.packages.progress import Progress
from runtime_manager.packages.supply import Supply

__all__ = ["Candidate", "Installation", "Installed"]


def home_of(flag: str | None) -> Home:
    """The home that is meant."""
    return Home.locate(flag, os.environ)


def candidate_of(
    home: Home, fetched: Fetched, *, progress: Progress
) -> AbstractContextManager[Candidate]:
    """The package made ready, under the policy of the settings."""
    policy = read_settings(home, os.environ).packages.signatures
    return staged(home, fetched, policy=policy, progress=progress)


def permissions_of(manifest: Manifest, registry: Registry) -> tuple[list[str], list[str], bool]:
    """All it asks for, what of it was not agreed to yet, and whether it is an upgrade."""
    entry = registry.get(manifest.code)
    agreed = entry.permissions if entry else {}
    wanted = manifest.permissions
    return list(asked_for(wanted)), list(widened(agreed, wanted)), bool(entry and entry.version)


def manifest_of(home: Home, code: str) -> Manifest:
    """The manifest of a provider that can be used; raises UnknownCodeError."""
    found = {one.code: one for one in scan(home, Registry(), {}).providers}
    if code not in found:
        raise UnknownCodeError(
            f"no provider has the code {code!r}", hint=nearest(code, found) or "see: rtm list"
        )
    return found[code].manifest


def missing(home: Home, registry: Registry, manifest: Manifest) -> list[str]:
    """What it depends on that is not there."""
    return missing_dependencies(manifest, scan(home, registry, {}))


def offered(supply: Supply, code: str) -> IndexSource | None:
    """How to install `code` from an index; None where none has it, or one was put there by hand.

    Raises PackageError for an index that cannot be used.
    """
    if (supply.home.providers / code).exists():
        return None
    try:
        supply.indexes.find(code)
    except PackageError as error:
        if error.facts.get("kind") in ("no-index", "not-in-index"):
            return None
        raise
    return IndexSource(code)


def to_remove(home: Home, codes: Sequence[str], *, cascade: bool) -> list[str]:
    """What is to be uninstalled, in this order: whoever depends on another comes before it.

    Raises PackageError where something else depends on them, unless `cascade`.
    """
    found = scan(home, Installation(home).registry(), {})
    order = dependents(found, codes)
    others = [code for code in order if code not in codes]
    if others and not cascade:
        raise PackageError(
            f"needed by {', '.join(others)}",
            hint="uninstall these too with --cascade",
            kind="needed",
            needed_by=tuple(others),
        )
    return [*order, *(code for code in dict.fromkeys(codes) if code not in order)]


def document(installed: Installed, candidate: Candidate | None = None) -> Mapping[str, object]:
    """What was installed, for programs."""
    result = {
        "code": installed.code,
        "version": installed.version,
        "before": installed.before,
        "folder": str(installed.folder),
        "is_new": installed.is_new,
    }
    if candidate is None:
        return result
    return {
        **result,
        "source": candidate.source,
        "archive_sha256": candidate.archive_sha256 or None,
        "tree_digest": candidate.tree.digest,
        "signer": candidate.checked.signer or None,
        "warnings": list(candidate.checked.warnings),
    }
