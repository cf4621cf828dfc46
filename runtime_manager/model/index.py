"""What an index offers: `index.json`, in core/ide's form and more. Pure.

core/ide's keys are `version`, `modules` (`code name repo sign_key category`) and `categories`;
ours are beside them. Keys that neither knows are passed over, so that both can grow.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Annotated, Any, NoReturn

from pydantic import AfterValidator as After
from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationError

from runtime_manager.errors import PackageError
from runtime_manager.model.manifest import CODE
from runtime_manager.model.problems import problems_of
from runtime_manager.model.scalars import DIALECT, Text
from runtime_manager.model.version import Version, parse_version
from runtime_manager.model.version_range import ANY, VersionRange

VERSION = 1

LIMIT_BYTES = 32 * 1024 * 1024
"""The largest index that is read."""

ANY_PLATFORM = "any"
"""The key of an archive that runs wherever its program does."""

_PLATFORM = re.compile(r"any|[a-z0-9]+-[a-z0-9_]+", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_KEY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9+/=:._-]{0,127}", re.ASCII)
_ADDRESS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~%!$&'()*+,;=:@/?\[\]-]{0,4095}", re.ASCII)


def _code(text: str) -> str:
    if not CODE.fullmatch(text):
        raise ValueError("expected a code: a-z, 0-9 and -")
    return text


def _version(text: str) -> str:
    parse_version(text)
    return text


def _sha256(text: str) -> str:
    if not _SHA256.fullmatch(text):
        raise ValueError("expected 64 hexadecimal digits in lower case")
    return text


def _key_id(text: str) -> str:
    if not _KEY_ID.fullmatch(text):
        raise ValueError("expected the id of a key")
    return text


def _url(text: str) -> str:
    parts = text.partition("?")[0].split("/")
    if not _ADDRESS.fullmatch(text) or ("://" not in text and (".." in parts or ":" in parts[0])):
        raise ValueError("expected https://…, or a path below the index")
    return text


class _Block(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Artifact(_Block):
    """An archive for one platform. `url` may be relative to the index."""

    url: Annotated[str, After(_url)] = Field(description="address, or a path below the index")
    sha256: Annotated[str, After(_sha256)] = Field(description="SHA-256 of the archive")
    size_bytes: Annotated[int, Strict()] = Field(
        alias="size", gt=0, le=2**40, description="size of the archive in bytes"
    )


def _platforms(platforms: dict[str, Artifact]) -> dict[str, Artifact]:
    if not platforms:
        raise ValueError("expected an archive for one platform at least")
    for name in platforms:
        if not _PLATFORM.fullmatch(name):
            raise ValueError(f"`{name[:40]}` is no platform; expected `any`, or as linux-x86_64")
    return platforms


class Release(_Block):
    """One version of a package."""

    version: Annotated[str, After(_version)] = Field(description="version, as of semver.org")
    platforms: Annotated[dict[str, Artifact], After(_platforms)] = Field(
        description="an archive per platform; `any`: for all others"
    )
    signer: Annotated[str, After(_key_id)] | None = Field(
        None, description="id of the key that signed this version; default: the package's"
    )
    depends_on: tuple[Annotated[str, After(_code)], ...] = Field(
        (), description="codes of the packages it needs"
    )

    @property
    def parsed(self) -> Version:
        """The version, to be compared."""
        return parse_version(self.version)

    def artifact(self, platform: str) -> Artifact | None:
        """The archive for a platform; None where there is none."""
        return self.platforms.get(platform) or self.platforms.get(ANY_PLATFORM)


def _releases(releases: tuple[Release, ...]) -> tuple[Release, ...]:
    seen: set[Version] = set()
    for one in releases:
        if one.parsed in seen:
            raise ValueError(f"the version {one.version} is here twice")
        seen.add(one.parsed)
    return tuple(sorted(releases, key=lambda one: one.parsed, reverse=True))


class Module(_Block):
    """One package. Without `versions` it is known, but there is nothing to install."""

    code: Annotated[str, After(_code)] = Field(description="the package's code")
    name: Text = Field("", description="name for people")
    description: Text = Field("", description="what it is for, in a sentence")
    category: Text = Field("", description="one of the categories")
    repo: Text = Field("", description="where its source is")
    licence: Text = Field("", description="its licence")
    sign_key: Text = Field("", description="core/ide: public key of its signature")
    signer: Annotated[str, After(_key_id)] | None = Field(
        None, description="id of the key that must have signed its versions"
    )
    versions: Annotated[tuple[Release, ...], After(_releases)] = Field(
        (), description="what can be installed, in any order"
    )

    def newest(self, wanted: VersionRange = ANY, *, platform: str) -> Release | None:
        """The newest version in `wanted` that has an archive for the platform.

        Where no release is in it, the newest prerelease is taken if nothing was `wanted`.
        """
        offered = [one for one in self.versions if one.artifact(platform)]
        allowed = [one for one in offered if wanted.allows(one.parsed)]
        if not allowed and not wanted.text:
            allowed = offered
        return allowed[0] if allowed else None

    def signer_of(self, release: Release) -> str | None:
        """The key that must have signed it; None: any or none."""
        return release.signer or self.signer

    def is_about(self, words: Sequence[str]) -> bool:
        """Whether each of the words is in its code, name, description or category."""
        text = " ".join((self.code, self.name, self.description, self.category)).casefold()
        return all(word.casefold() in text for word in words)


def _modules(modules: tuple[Module, ...]) -> tuple[Module, ...]:
    seen: set[str] = set()
    for one in modules:
        if one.code in seen:
            raise ValueError(f"the code `{one.code}` is here twice")
        seen.add(one.code)
    return modules


class Index(_Block):
    """All that one index offers."""

    version: Annotated[int, Strict()] = Field(
        ge=VERSION, le=VERSION, description="version of this file's format"
    )
    modules: Annotated[tuple[Module, ...], After(_modules)] = Field(
        (), description="packages, each code once"
    )
    categories: tuple[Text, ...] = Field((), description="categories of packages, in order")

    def find(self, code: str) -> Module | None:
        """The package with this code."""
        return next((one for one in self.modules if one.code == code), None)


def parse_index(text: bytes, *, location: str) -> Index:
    """The index in `text`. Raises PackageError of kind bad-index; `location` is for its words."""
    if len(text) > LIMIT_BYTES:
        _refuse(location, f"it is larger than {LIMIT_BYTES:,} bytes")
    try:
        data = json.loads(text, object_pairs_hook=_without_doubles)
    except json.JSONDecodeError as exc:
        _refuse(location, f"line {exc.lineno}: no JSON: {exc.msg}")
    except (ValueError, RecursionError) as exc:
        _refuse(location, "nested too deep" if isinstance(exc, RecursionError) else str(exc))
    if not isinstance(data, dict):
        _refuse(location, "expected an object with `version` and `modules`")
    try:
        return Index.model_validate(data)
    except ValidationError as exc:
        first, *more = problems_of(exc, Index)
        words = f"{first.key or 'index'}: {first.text}"
        _refuse(location, words + (f"; and {len(more)} more" if more else ""))


def format_index(index: Index) -> str:
    """The text of the file: the same for the same index, and nothing that says nothing."""
    data = index.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def index_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of index.json."""
    return {"$schema": DIALECT, **Index.model_json_schema(by_alias=True)}


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A key that is there twice means one thing to one reader and another to the next."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key `{key[:40]}` is there twice")
        found[key] = value
    return found


def _refuse(location: str, reason: str) -> NoReturn:
    raise PackageError(
        f"{location} is no good index: {reason}",
        hint="tell who keeps it; nothing was taken from it",
        kind="bad-index",
    )
