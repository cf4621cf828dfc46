"""Settings, registry and manifests, read without a daemon; imports pydantic and yaml: come late.

Changes nothing on disk: a registry that cannot be read is told, not put aside.
"""

from __future__ import annotations

from runtime_manager.errors import InputError, RegistryError, SettingsError
from runtime_manager.model.registry import Registry, parse_registry
from runtime_manager.model.settings import Settings, load_settings
from runtime_manager.packages.discovery import scan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from runtime_manager.model.home import Home


def settings_document(home: Home, environ: Mapping[str, str]) -> dict[str, Any]:
    """The settings a daemon would start with, as JSON data; raises SettingsError.

    As in the API's answer, what providers get in their environment is left out: it may be secret.
    """
    document: dict[str, Any] = _settings(home, environ).model_dump(mode="json", by_alias=True)
    for override in document.get("providers", {}).values():
        override.pop("env", None)
    return document


def check(home: Home, environ: Mapping[str, str]) -> tuple[int, list[InputError]]:
    """How many providers there are, and everything that is wrong with any file."""
    errors: list[InputError] = []
    settings, registry = Settings(), Registry()
    try:
        settings = _settings(home, environ)
    except InputError as error:
        errors.append(error)
    try:
        registry = _registry(home)
    except InputError as error:
        errors.append(error)
    found = scan(home, registry, settings.providers)
    errors += [invalid.error for invalid in found.invalid]
    return len(found.providers) + len(found.invalid), errors


def _settings(home: Home, environ: Mapping[str, str]) -> Settings:
    text = _content_of(home.config, error=SettingsError)
    return load_settings(text=text, file=str(home.config), environ=environ, flags={})


def _registry(home: Home) -> Registry:
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
