"""Settings, registry and manifests, read without a daemon; imports pydantic and yaml: come late.

Changes nothing on disk: a registry that cannot be read is told, not put aside.
"""

from __future__ import annotations

from runtime_manager.errors import (
    InputError,
    RegistryError,
    RuntimeManagerError,
    SettingsError,
    SpawnError,
    UnknownCodeError,
)
from runtime_manager.model.nearest import nearest
from runtime_manager.model.registry import Registry, parse_registry
from runtime_manager.model.settings import Settings, load_settings
from runtime_manager.packages.discovery import read_provider, scan
from runtime_manager.packages.program import resolve_program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from runtime_manager.model.home import Home
    from runtime_manager.model.provider import Provider


def settings_document(home: Home, environ: Mapping[str, str]) -> dict[str, Any]:
    """The settings a daemon would start with, as JSON data; raises SettingsError.

    As in the API's answer, what providers get in their environment is left out: it may be secret.
    """
    document: dict[str, Any] = read_settings(home, environ).model_dump(mode="json", by_alias=True)
    for override in document.get("providers", {}).values():
        override.pop("env", None)
    return document


def check(home: Home, environ: Mapping[str, str]) -> tuple[int, list[InputError]]:
    """How many providers there are, and everything that is wrong with any file."""
    errors: list[InputError] = []
    settings, registry = Settings(), Registry()
    try:
        settings = read_settings(home, environ)
    except InputError as error:
        errors.append(error)
    try:
        registry = read_registry(home)
    except InputError as error:
        errors.append(error)
    found = scan(home, registry, settings.providers)
    errors += [invalid.error for invalid in found.invalid]
    return len(found.providers) + len(found.invalid), errors


def provider_document(home: Home, code: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """What the files alone say of a provider, by the names the API uses.

    Raises UnknownCodeError, and SettingsError where config.yaml keeps every daemon from starting.
    """
    found = scan(home, Registry(), read_settings(home, environ).providers)
    for invalid in found.invalid:
        if invalid.code == code:
            return _told(code, invalid.folder, state="invalid", error=invalid.error)
    for provider in found.providers:
        if provider.code == code:
            return _told(code, provider.folder, state="stopped", error=_program_error(provider))
    codes = [*(one.code for one in found.providers), *(one.code for one in found.invalid)]
    hint = nearest(code, codes) or f"{home.providers} has {', '.join(sorted(codes)) or 'none'}"
    raise UnknownCodeError(f"no provider has the code {code!r}", hint=hint)


def manifest_problems(folder: Path) -> list[str]:
    """Every mistake of the manifest in `folder`, with file, line and key; none for a good one."""
    try:
        read_provider(folder)
    except InputError as error:
        problems = error.facts.get("problems")
        return [str(text) for text in problems] if isinstance(problems, tuple) else [error.message]
    return []


def _program_error(provider: Provider) -> SpawnError | None:
    try:
        resolve_program(provider)
    except SpawnError as error:
        return error
    return None


def _told(
    code: str, folder: Path, *, state: str, error: RuntimeManagerError | None
) -> dict[str, Any]:
    cause = None
    if error is not None:
        kind = error.facts.get("kind") or error.code
        cause = {"kind": kind, "message": error.message, "hint": error.hint}
    manifest_error = str(error) if isinstance(error, InputError) else None
    return {
        "code": code,
        "state": state,
        "folder": str(folder),
        "cause": cause,
        "manifest_error": manifest_error,
    }


def read_settings(home: Home, environ: Mapping[str, str]) -> Settings:
    """The settings of the file and of RTM_* variables; raises SettingsError."""
    text = _content_of(home.config, error=SettingsError)
    return load_settings(text=text, file=str(home.config), environ=environ, flags={})


def read_registry(home: Home) -> Registry:
    """What is installed; raises RegistryError."""
    text = _content_of(home.registry, error=RegistryError)
    return parse_registry(text or b"", file=str(home.registry))


def _content_of(path: Path, *, error: type[InputError]) -> bytes | None:
    """The file's bytes, None when there is no such file; raises `error` where unreadable."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise error(f"{path} cannot be read: {exc.strerror}", file=str(path)) from exc
