"""What lies in `providers/`: each folder a provider, or the reason why it is none.

A bad package never hurts another one. Blocks: run it in a thread where a loop is at work.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from runtime_manager.clock import Clock, SystemClock
from runtime_manager.errors import DaemonError, InputError, ManifestError
from runtime_manager.model.home import Home
from runtime_manager.model.manifest import CODE, parse_manifest
from runtime_manager.model.override import apply_override
from runtime_manager.model.provider import Invalid, Provider
from runtime_manager.model.registry import Registry
from runtime_manager.model.settings import Override
from runtime_manager.packages.conflicts import Found, conflicts
from runtime_manager.packages.manifest_file import manifest_text


@dataclass(frozen=True, slots=True)
class Scan:
    """All folders of `providers/`, by code; no code is in `providers` and `invalid` twice.

    `broken` are errors of those among `providers` that stand as they were known before.
    """

    providers: tuple[Provider, ...]
    invalid: tuple[Invalid, ...]
    broken: Mapping[str, InputError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Refused:
    """A folder that is no provider, before it has a code of its own in the listing."""

    folder: Path
    error: InputError


def scan(
    home: Home,
    registry: Registry,
    overrides: Mapping[str, Override],
    *,
    known: Mapping[Path, Provider] | None = None,
    clock: Clock | None = None,
) -> Scan:
    """Read every manifest. Raises DaemonError where `providers/` itself cannot be listed.

    `known` are providers by their folder, each to stand for what can no longer be read there.
    """
    found: list[Found] = []
    refused: list[_Refused] = []
    broken: dict[str, InputError] = {}
    for folder in _folders(home.providers.resolve()):
        try:
            provider = _read(folder, registry, overrides)
        except InputError as error:
            old = (known or {}).get(_real(folder))
            if old is None:
                refused.append(_Refused(folder, error))
            else:
                found.append(Found(folder.name, old))
                broken[old.code] = error
        else:
            found.append(Found(folder.name, provider))
    problems = conflicts(found, [_wished_code(one) for one in refused])
    refused += [_Refused(home.providers / name, error) for name, error in problems.items()]
    providers = [one.provider for one in found if one.folder_name not in problems]
    now = (clock or SystemClock()).now()
    listed = [
        Invalid(code, one.folder, one.error, now)
        for code, one in _listing(refused, {provider.code for provider in providers})
    ]
    return Scan(
        tuple(sorted(providers, key=lambda one: one.code)),
        tuple(sorted(listed, key=lambda one: one.code)),
        {one.code: broken[one.code] for one in providers if one.code in broken},
    )


def _folders(providers: Path) -> list[Path]:
    """The entries that are folders or links, by name; a link that leads nowhere is kept to tell."""
    try:
        with os.scandir(providers) as entries:
            names = [e.name for e in entries if e.name[0] != "." and _may_be_folder(e)]
    except FileNotFoundError:
        return []
    except OSError as exc:
        raise DaemonError(
            f"{providers} cannot be listed: {exc.strerror}", hint="mend its permissions"
        ) from exc
    return [providers / name for name in sorted(names)]


def _may_be_folder(entry: os.DirEntry[str]) -> bool:
    if entry.is_symlink():
        return not os.path.isfile(entry.path)  # noqa: PTH113  # Path's raises where it may not look
    return entry.is_dir(follow_symlinks=False)


def read_provider(
    folder: Path, overrides: Mapping[str, Override] = MappingProxyType({})
) -> Provider:
    """The package in `folder`, wherever that is, by itself. Raises ManifestError, SettingsError."""
    return _read(folder.resolve(), Registry(), overrides)


def _read(folder: Path, registry: Registry, overrides: Mapping[str, Override]) -> Provider:
    """The provider in `folder`. Raises ManifestError, or SettingsError for a bad override."""
    try:
        # What is no link needs no resolving: its parent is resolved already.
        real = folder.resolve(strict=True) if folder.is_symlink() else folder
        path, text = manifest_text(real)
    except (OSError, RuntimeError) as exc:  # RuntimeError: a loop of symlinks, before Python 3.13
        reason = getattr(exc, "strerror", None) or "its links lead in a circle"
        raise ManifestError(
            f"{folder} cannot be read: {reason}", hint="mend it, or remove it", file=str(folder)
        ) from exc
    manifest = parse_manifest(text, file=path, dir_name=folder.name)
    if (override := overrides.get(manifest.code)) is not None:
        manifest = apply_override(manifest, override)
    return Provider(manifest, real, Path(path), registry.get(manifest.code))


def _real(folder: Path) -> Path:
    """Without symlinks, as far as they lead somewhere."""
    try:
        return folder.resolve()
    except RuntimeError:  # a loop of symlinks, before Python 3.13
        return folder


def _wished_code(refused: _Refused) -> str:
    """The manifest's own code where it could be read, else the folder's name made to fit."""
    code = refused.error.facts.get("code")
    if isinstance(code, str):
        return code
    name = re.sub(r"[^a-z0-9-]+", "-", refused.folder.name.lower()).strip("-")[:63]
    return name if CODE.fullmatch(name) else "unnamed"


def _listing(refused: list[_Refused], taken: set[str]) -> Iterator[tuple[str, _Refused]]:
    """Each with a code that nothing else has: a number is added where it must be."""
    for one in refused:
        wished = _wished_code(one)
        code, number = wished, 1
        while code in taken:
            number += 1
            code = f"{wished[:58]}-{number}"
        taken = taken | {code}
        yield code, one
