"""What is installed: the value of `registry.yaml`, to and from text. Pure.

Keys we do not know survive a rewrite, in the file and in each entry; comments do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import yaml
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
from runtime_manager.model.parts import DIALECT, Flag
from runtime_manager.model.problems import failure, problems_of

VERSION = 1

_AS_WRITTEN = frozenset({"version", "installed", "source"})


@dataclass(frozen=True, slots=True)
class RegistryEntry:
    """One installed package. `installed` is the time, as written; texts are empty where unknown."""

    installed: str = ""
    version: str = ""
    source: str = ""
    auto_start: bool = True
    extra: Mapping[str, Any] = field(default_factory=dict)


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


class _Entry(BaseModel):
    model_config = ConfigDict(extra="allow", title="Entry")

    installed: str = Field("", description="when it was installed (RFC 3339)")
    version: str = Field("", description="the installed version")
    source: str = Field("", description="where it came from")
    auto_start: Flag = Field(True, description="false: not started with the daemon")


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
    entries = {
        code: RegistryEntry(**entry.model_dump(include=_KNOWN), extra=entry.model_extra or {})
        for code, entry in read.providers.items()
    }
    return Registry(entries, read.model_extra or {})


def format_registry(registry: Registry) -> str:
    """The text of the file; `parse_registry` gives an equal registry back."""
    providers = {code: _plain(entry) for code, entry in sorted(registry.providers.items())}
    data = {"version": VERSION, "providers": providers, **registry.extra}
    return yaml.dump(data, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)


def registry_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of registry.yaml."""
    return {"$schema": DIALECT, **_File.model_json_schema()}


_KNOWN = set(_Entry.model_fields)


def _plain(entry: RegistryEntry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in _Entry.model_fields} | dict(entry.extra)


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
