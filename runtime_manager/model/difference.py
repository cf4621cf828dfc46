"""What is different between two readings of one package, and what a running program minds. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from runtime_manager.model.consistency import uses
from runtime_manager.model.launch import appends_args
from runtime_manager.model.manifest import Manifest
from runtime_manager.model.parts import Part
from runtime_manager.model.provider import Provider

_OF_THE_START = frozenset(
    {
        "version",
        "binary",
        "platforms",
        "args",
        "append_args",
        "listen",
        "port",
        "env",
        "env_pass",
        "stop.close_stdin",
        "folder",
    }
)
"""Keys, or the first part of keys, that a process is given once, when it is started."""


@dataclass(frozen=True, slots=True)
class Difference:
    """`keys` have changed, dotted as in the manifest.

    Three are not of the manifest: `folder`, and `auto_start` and `registry` of its registry entry.
    `restarting` are those of them that only a new process can take up.
    """

    keys: tuple[str, ...]
    restarting: tuple[str, ...]

    @property
    def deferred(self) -> tuple[str, ...]:
        """Those that are kept to from the next start on, without being worth one."""
        return tuple(key for key in self.keys if key.startswith("limits."))


def difference(old: Provider, new: Provider) -> Difference:
    """What has changed from `old` to `new`; both have the same code."""
    keys = tuple(sorted(_changed(old, new)))
    return Difference(keys, tuple(key for key in keys if _needs_restart(key, old, new)))


def _changed(old: Provider, new: Provider) -> Iterator[str]:
    if old.folder != new.folder:
        yield "folder"
    if old.start is not new.start and old.manifest.start is new.manifest.start:
        yield "auto_start"
    elif old.entry != new.entry:
        yield "registry"
    for name, field in Manifest.model_fields.items():
        before, after = getattr(old.manifest, name), getattr(new.manifest, name)
        if before != after:
            yield from _below(field.alias or name, before, after)


def _below(key: str, before: object, after: object) -> Iterator[str]:
    """The changed keys one level down, where both values have keys of their own."""
    if isinstance(before, Part) and isinstance(after, Part):
        for name, field in type(before).model_fields.items():
            if getattr(before, name) != getattr(after, name):
                yield f"{key}.{field.alias or name}"
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in {*before, *after}:
            if name not in before or name not in after or before[name] != after[name]:
                yield f"{key}.{name}"
    else:
        yield key


def _needs_restart(key: str, old: Provider, new: Provider) -> bool:
    if key == "namespace":
        return _is_told_namespace(old.manifest) or _is_told_namespace(new.manifest)
    return key in _OF_THE_START or key.partition(".")[0] in _OF_THE_START


def _is_told_namespace(manifest: Manifest) -> bool:
    """Whether the program hears of its prefix by an argument, or a variable the manifest sets.

    PROVIDER_NAMESPACE alone does not count: it is there for all, and few read it.
    """
    words = (*manifest.args, *manifest.env.values())
    return appends_args(manifest) or uses(words, "namespace", "base_url")
