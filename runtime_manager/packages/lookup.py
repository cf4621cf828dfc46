"""What the registry says of one package, or the error for one that is not in it."""

from __future__ import annotations

from runtime_manager.errors import UnknownCodeError
from runtime_manager.model.nearest import nearest
from runtime_manager.model.registry import Registry, RegistryEntry


def entry_of(registry: Registry, code: str) -> RegistryEntry:
    """The entry of `code`; raises UnknownCodeError."""
    entry = registry.get(code)
    if entry is None:
        raise not_installed(code, registry)
    return entry


def not_installed(code: str, registry: Registry) -> UnknownCodeError:
    """The error for a code that is not installed, with the nearest one that is."""
    return UnknownCodeError(
        f"{code} is not installed", hint=nearest(code, registry.providers) or "see: rtm list"
    )
