"""An installed package as the daemon knows it, or the reason why it cannot be used. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from runtime_manager.errors import InputError
from runtime_manager.model.manifest import Manifest
from runtime_manager.model.parts import Start
from runtime_manager.model.registry import RegistryEntry


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider. `folder` has no symlinks; `entry` is None where it was dropped in by hand."""

    manifest: Manifest
    folder: Path
    manifest_path: Path
    entry: RegistryEntry | None = None

    @property
    def code(self) -> str:
        """Its key."""
        return self.manifest.code

    @property
    def is_managed(self) -> bool:
        """Whether it is in the registry."""
        return self.entry is not None

    @property
    def start(self) -> Start:
        """When it starts: the registry's `auto_start: false` beats `start: auto`."""
        start = self.manifest.start
        is_held = self.entry is not None and not self.entry.auto_start
        return Start.MANUAL if is_held and start is Start.AUTO else start


@dataclass(frozen=True, slots=True)
class Invalid:
    """A folder that cannot be used. `code` is the folder's name where the manifest tells none.

    `found_at` is the UTC time at which the error was seen.
    """

    code: str
    folder: Path
    error: InputError
    found_at: datetime
