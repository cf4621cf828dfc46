"""What is installed: the value of `registry.yaml`, to and from text. Pure.

Keys we do not know survive a rewrite, in the file and in each entry; comments do not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator as After
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    WithJsonSchema,
)

from runtime_manager.errors import RegistryError
from runtime_manager.model.document import load, scalar
from runtime_manager.model.problems import failure, problems_of
from runtime_manager.model.scalars import DIALECT, Flag

VERSION = 1

_AS_WRITTEN = frozenset(
    """
    version installed source archive_sha256 tree_digest signer folder permissions previous
    """.split()  # noqa: SIM905  # a list of words reads better
)
_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]*", re.ASCII)


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


def _version(value: object) -> int:
    version = scalar(value) if isinstance(value, str) else value
    if version != VERSION or isinstance(version, bool):
        raise ValueError(f"expected {VERSION}; a newer program may have written the file")
    return VERSION


def _folder(text: str) -> str:
    if text and not _FOLDER.fullmatch(text):
        raise ValueError("expected the name of a folder in packages/CODE")
    return text


_Folder = Annotated[str, After(_folder)]


class _Version(BaseModel):
    model_config = ConfigDict(extra="allow", title="Version")

    version: str = Field("", description="the version")
    source: str = Field("", description="where it came from")
    archive_sha256: str = Field("", description="SHA-256 of the archive it came in")
    tree_digest: str = Field("", description="digest of its files")
    signer: str = Field("", description="id of the key that signed it")
    installed: str = Field("", description="when it was installed (RFC 3339)")
    folder: _Folder = Field("", description="its folder in packages/CODE")


class _Entry(BaseModel):
    model_config = ConfigDict(extra="allow", title="Entry")

    installed: str = Field("", description="when it was installed (RFC 3339)")
    version: str = Field("", description="the installed version")
    source: str = Field("", description="where it came from")
    auto_start: Flag = Field(True, description="false: not started with the daemon")
    archive_sha256: str = Field("", description="SHA-256 of the archive it came in")
    tree_digest: str = Field("", description="digest of its files")
    signer: str = Field("", description="id of the key that signed it")
    folder: _Folder = Field("", description="its folder in packages/CODE")
    held: Flag = Field(False, description="true: it is not upgraded")
    permissions: dict[str, Any] = Field(
        default_factory=dict, description="what it was allowed when it was installed"
    )
    previous: tuple[_Version, ...] = Field(
        (), description="versions that can be gone back to, the latest first"
    )


class _File(BaseModel):
    model_config = ConfigDict(extra="allow", title="Registry")

    version: Annotated[int, PlainValidator(_version), WithJsonSchema({"const": VERSION})] = Field(
        VERSION, description="version of this file's format"
    )
    providers: dict[str, _Entry] = Field(default_factory=dict, description="packages by code")


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
    try:
        read = _File.model_validate(_without_nothing(document.data))
    except ValidationError as exc:
        raise failure(problems_of(exc, _File), document, error=RegistryError) from None
    entries = {code: _entry(one) for code, one in read.providers.items()}
    return Registry(entries, read.model_extra or {})


def _entry(read: _Entry) -> RegistryEntry:
    known = {name: getattr(read, name) for name in _Entry.model_fields if name != "previous"}
    previous = tuple(
        InstalledVersion(
            **{name: getattr(one, name) for name in _OF_A_VERSION}, extra=one.model_extra or {}
        )
        for one in read.previous
    )
    return RegistryEntry(**known, previous=previous, extra=read.model_extra or {})


def format_registry(registry: Registry) -> str:
    """The text of the file; `parse_registry` gives an equal registry back."""
    providers = {code: _plain(entry) for code, entry in sorted(registry.providers.items())}
    data = {"version": VERSION, "providers": providers, **registry.extra}
    return yaml.dump(data, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)


def registry_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of registry.yaml."""
    return {"$schema": DIALECT, **_File.model_json_schema()}


_OF_CORE_IDE = ("installed", "version", "source", "auto_start")
"""Always written; what is ours alone is left out where it says nothing."""


def _plain(entry: RegistryEntry) -> dict[str, Any]:
    data: dict[str, Any] = {name: getattr(entry, name) for name in _OF_CORE_IDE}
    for name in _Entry.model_fields:
        if name not in data and (value := getattr(entry, name)):
            data[name] = value
    if entry.previous:
        data["previous"] = [_plain_version(one) for one in entry.previous]
    return data | dict(entry.extra)


def _plain_version(one: InstalledVersion) -> dict[str, Any]:
    known = {name: value for name in _OF_A_VERSION if (value := getattr(one, name))}
    return known | dict(one.extra)


def _without_nothing(data: dict[str, Any]) -> dict[str, Any]:
    """A known key without a value counts as absent; an entry without one has all defaults."""
    known = _given(data, _File)
    if isinstance(known.get("providers"), dict):
        known["providers"] = {
            code: _given(entry, _Entry)
            if isinstance(entry, dict)
            else {}
            if entry is None
            else entry
            for code, entry in known["providers"].items()
        }
    return known


def _given(data: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    return {k: v for k, v in data.items() if v is not None or k not in model.model_fields}
