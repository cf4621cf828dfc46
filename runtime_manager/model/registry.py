"""What is installed: the value of `registry.yaml`, to and from text. Pure.

Keys we do not know survive a rewrite, in the file and in each entry; comments do not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import yaml

from runtime_manager.errors import RegistryError
from runtime_manager.model.document import load

VERSION = 1

_AS_WRITTEN = frozenset(
    """
    version installed source archive_sha256 tree_digest signer folder permissions previous
    """.split()  # noqa: SIM905  # a list of words reads better
)
FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class InstalledVersion:
    """One version of a package as it was installed; texts are empty where unknown.

    `installed` is the time, as written (RFC 3339). `archive_sha256` is empty where it came as a
    folder, `tree_digest` and `folder` where it is a link to a folder of its author. `folder` is the
    name below `packages/CODE/`. `signer` is the id of the key whose signature was checked.
    """

    version: str = ""
    source: str = ""
    archive_sha256: str = ""
    tree_digest: str = ""
    signer: str = ""
    installed: str = ""
    folder: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RegistryEntry:
    """One installed package: the version in use as in InstalledVersion, and what came before.

    `held`: it is not to be upgraded. `permissions` are those that were agreed to. `previous` are
    the versions that can be gone back to, the latest first.
    """

    installed: str = ""
    version: str = ""
    source: str = ""
    auto_start: bool = True
    archive_sha256: str = ""
    tree_digest: str = ""
    signer: str = ""
    folder: str = ""
    held: bool = False
    permissions: Mapping[str, Any] = field(default_factory=dict)
    previous: tuple[InstalledVersion, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def current(self) -> InstalledVersion:
        """The version in use."""
        return InstalledVersion(**{name: getattr(self, name) for name in _OF_A_VERSION})

    def with_current(self, version: InstalledVersion) -> RegistryEntry:
        """The entry with another version in use; what came before is not touched."""
        return replace(self, **{name: getattr(version, name) for name in _OF_A_VERSION})


_OF_A_VERSION = tuple(f.name for f in fields(InstalledVersion) if f.name != "extra")


_OF_AN_ENTRY: Mapping[str, type] = {
    **dict.fromkeys(("installed", "version", "source"), str),
    "auto_start": bool,
    **dict.fromkeys(("archive_sha256", "tree_digest", "signer", "folder"), str),
    "held": bool,
    "permissions": dict,
    "previous": list,
}


@dataclass(frozen=True, slots=True)
class Registry:
    """All installed packages by code; `extra` holds the top keys we do not know."""

    providers: Mapping[str, RegistryEntry] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    def get(self, code: str) -> RegistryEntry | None:
        """The entry of `code`, None where it is not installed by us."""
        return self.providers.get(code)

    def with_entry(self, code: str, entry: RegistryEntry) -> Registry:
        """The registry in which `code` has `entry`."""
        return replace(self, providers={**self.providers, code: entry})

    def without(self, code: str) -> Registry:
        """The registry in which `code` is not installed."""
        return replace(self, providers={c: e for c, e in self.providers.items() if c != code})


def parse_registry(text: bytes | str, *, file: str) -> Registry:
    """The registry in `text`; raises RegistryError. An empty file is an empty registry."""
    document = load(
        text,
        file=file,
        error=RegistryError,
        as_written=_AS_WRITTEN,
        entries="providers",
        may_be_empty=True,
    )
    as_we_write_it = _read(document.data)
    if as_we_write_it is not None:
        return as_we_write_it
    from runtime_manager.model.registry_schema import judged

    return judged(document)


def _read(data: Mapping[str, Any]) -> Registry | None:
    """The registry where all is of the kind that `format_registry` writes; None: look closer.

    Whoever only asks what is installed need not wait for pydantic.
    """
    providers = data.get("providers")
    version = data.get("version")
    if type(version) is not int or version != VERSION or not isinstance(providers, dict):
        return None
    entries = {code: _read_entry(entry) for code, entry in providers.items()}
    known = {code: entry for code, entry in entries.items() if entry is not None}
    extra = {key: value for key, value in data.items() if key not in ("version", "providers")}
    return Registry(known, extra) if len(known) == len(entries) else None


def _read_entry(data: object) -> RegistryEntry | None:
    known = _checked(data, _OF_AN_ENTRY)
    if known is None:
        return None
    previous = [_read_version(one) for one in known.pop("previous", ())]
    kept = tuple(one for one in previous if one is not None)
    return RegistryEntry(**known, previous=kept) if len(kept) == len(previous) else None


def _read_version(data: object) -> InstalledVersion | None:
    known = _checked(data, dict.fromkeys(_OF_A_VERSION, str))
    return None if known is None else InstalledVersion(**known)


def _checked(data: object, kinds: Mapping[str, type]) -> dict[str, Any] | None:
    """The keys of `kinds`, and all others as `extra`; None where a value is of another kind."""
    if not isinstance(data, dict) or any(
        type(data[name]) is not kind for name, kind in kinds.items() if name in data
    ):
        return None
    if data.get("folder") and not FOLDER.fullmatch(data["folder"]):
        return None
    known = {name: data[name] for name in kinds if name in data}
    return {**known, "extra": {key: value for key, value in data.items() if key not in kinds}}


def format_registry(registry: Registry) -> str:
    """The text of the file; `parse_registry` gives an equal registry back."""
    providers = {code: _plain(entry) for code, entry in sorted(registry.providers.items())}
    data = {"version": VERSION, "providers": providers, **registry.extra}
    return yaml.dump(data, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)


_OF_CORE_IDE = ("installed", "version", "source", "auto_start")
"""Always written; what is ours alone is left out where it says nothing."""


def _plain(entry: RegistryEntry) -> dict[str, Any]:
    data: dict[str, Any] = {name: getattr(entry, name) for name in _OF_CORE_IDE}
    for name in _OF_AN_ENTRY:
        if name not in data and (value := getattr(entry, name)):
            data[name] = value
    if entry.previous:
        data["previous"] = [_plain_version(one) for one in entry.previous]
    return data | dict(entry.extra)


def _plain_version(one: InstalledVersion) -> dict[str, Any]:
    known = {name: value for name in _OF_A_VERSION if (value := getattr(one, name))}
    return known | dict(one.extra)
