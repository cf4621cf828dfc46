"""Which settings have changed, and which of them a running daemon can take up. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from runtime_manager.model.parts import Part
from runtime_manager.model.settings import Settings

_NEED_A_RESTART = frozenset({"listen", "public_url", "log.format", "logs", "watch"})
"""Keys of what is opened, told or built once, when the daemon starts."""


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A changed key, dotted as in the file; one not in force needs a restart of the daemon."""

    key: str
    is_in_force: bool


def setting_changes(old: Settings, new: Settings) -> tuple[SettingChange, ...]:
    """All keys that differ, in the order of the schema; `providers` is told as one."""
    return tuple(
        SettingChange(key, _NEED_A_RESTART.isdisjoint({key, key.partition(".")[0]}))
        for key in _keys(old, new)
    )


def in_force(old: Settings, new: Settings) -> Settings:
    """`new`, but as `old` in what only a restart of the daemon can change."""
    kept = {name: getattr(old, name) for name in _NEED_A_RESTART if "." not in name}
    log = new.log.model_copy(update={"format": old.log.format})
    return new.model_copy(update={**kept, "log": log})


def _keys(old: Part, new: Part, prefix: str = "") -> list[str]:
    keys: list[str] = []
    for name, field in type(old).model_fields.items():
        before, after, key = getattr(old, name), getattr(new, name), prefix + (field.alias or name)
        if before == after:
            continue
        if isinstance(before, Part) and isinstance(after, Part):
            keys += _keys(before, after, f"{key}.")
        else:
            keys.append(key)
    return keys
