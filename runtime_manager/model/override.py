"""What an operator's `config.yaml` changes in a manifest. Pure."""

from __future__ import annotations

from typing import TypeVar

from runtime_manager.errors import SettingsError
from runtime_manager.model.consistency import contradictions
from runtime_manager.model.manifest import Manifest
from runtime_manager.model.parts import Part, Start
from runtime_manager.model.settings import Override

_Block = TypeVar("_Block", bound=Part)


def apply_override(manifest: Manifest, override: Override) -> Manifest:
    """The manifest as the operator wants it: key by key in blocks, name by name in `env`.

    An `idle_timeout` is dropped where the provider no longer starts on demand. Raises
    SettingsError where the outcome contradicts itself.
    """
    start = override.start or manifest.start
    changed = manifest.model_copy(
        update={
            "env": {**manifest.env, **override.env},
            "limits": _merged(manifest.limits, override.limits),
            "health": _merged(manifest.health, override.health),
            "start": start,
            "dev": manifest.dev if override.dev is None else override.dev,
            "idle_timeout_s": manifest.idle_timeout_s if start is Start.ON_DEMAND else None,
        }
    )
    if problems := contradictions(changed):
        key = f"providers.{manifest.code}.{problems[0].key}"
        raise SettingsError(f"{key}: {problems[0].text}", hint=problems[0].hint, key=key)
    return changed


def _merged(block: _Block, override: _Block | None) -> _Block:
    if override is None:
        return block
    given = {name: getattr(override, name) for name in override.model_fields_set}
    return block.model_copy(update=given)
