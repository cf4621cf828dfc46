"""The form of `registry.yaml`: judges what people have written into it, and describes it. Pure."""

from __future__ import annotations

from typing import Annotated, Any

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
from runtime_manager.model.document import Document, scalar
from runtime_manager.model.problems import failure, problems_of
from runtime_manager.model.registry import (
    FOLDER,
    VERSION,
    InstalledVersion,
    Registry,
    RegistryEntry,
)
from runtime_manager.model.scalars import DIALECT, Flag


def _version(value: object) -> int:
    version = scalar(value) if isinstance(value, str) else value
    if version != VERSION or isinstance(version, bool):
        raise ValueError(f"expected {VERSION}; a newer program may have written the file")
    return VERSION


def _folder(text: str) -> str:
    if text and not FOLDER.fullmatch(text):
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


def judged(document: Document) -> Registry:
    """The registry in `document`; raises RegistryError with file, line and key."""
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
            **{name: getattr(one, name) for name in _Version.model_fields},
            extra=one.model_extra or {},
        )
        for one in read.previous
    )
    return RegistryEntry(**known, previous=previous, extra=read.model_extra or {})


def registry_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of registry.yaml."""
    return {"$schema": DIALECT, **_File.model_json_schema()}


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
