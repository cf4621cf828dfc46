"""What a new look at the packages means for what runs: a plan, one change a provider. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from runtime_manager.errors import InputError
from runtime_manager.model.difference import difference
from runtime_manager.model.provider import Invalid, Provider
from runtime_manager.model.settings_change import SettingChange
from runtime_manager.packages.discovery import Scan


class Fate(StrEnum):
    """What becomes of a provider."""

    REMOVED = "removed"
    """Stopped, and listed no more."""
    RESTARTED = "restarted"
    """What has changed is given to a process at its start."""
    CHANGED = "changed"
    """In place: nothing is started or stopped for it."""
    ADDED = "added"
    """New, or of use for the first time."""
    KEPT = "kept"
    """Its newest edit is of no use; it goes on as it was."""
    INVALID = "invalid"
    """It is of no use, and has not been before."""


@dataclass(frozen=True, slots=True)
class Change:
    """One provider's fate.

    `keys` are what has changed, `deferred` those of them that count from its next start on.
    `provider` is the new reading, None where there is no usable one; `error` says why not.
    """

    code: str
    fate: Fate
    keys: tuple[str, ...] = ()
    deferred: tuple[str, ...] = ()
    provider: Provider | None = None
    error: InputError | None = None
    invalid: Invalid | None = None


@dataclass(frozen=True, slots=True)
class Reload:
    """What a reload changed, or would change; both are empty where all is as it was."""

    changes: tuple[Change, ...]
    settings: tuple[SettingChange, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """A provider as it stands. `has_failed`: it waits for its next try, or for nothing more."""

    provider: Provider
    is_wanted_up: bool
    has_failed: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """What is listed now, by code: what can run, what cannot, and edits already told of."""

    standing: Mapping[str, Standing]
    invalid: Mapping[str, Invalid]
    broken: Mapping[str, InputError]


def changes(listed: Listed, found: Scan) -> tuple[Change, ...]:
    """How to get from what is listed to what was found; in the order in which to do it."""
    order = tuple(Fate)
    return tuple(sorted(_changes(listed, found), key=lambda one: (order.index(one.fate), one.code)))


def _changes(listed: Listed, found: Scan) -> Iterator[Change]:
    codes = {p.code for p in found.providers} | {i.code for i in found.invalid}
    for code in {*listed.standing, *listed.invalid} - codes:
        yield Change(code, Fate.REMOVED)
    for provider in found.providers:
        if provider.code in found.broken:
            yield Change(provider.code, Fate.KEPT, error=found.broken[provider.code])
        elif (now := listed.standing.get(provider.code)) is None:
            yield Change(provider.code, Fate.ADDED, provider=provider)
        elif (change := _between(now, provider)) or provider.code in listed.broken:
            yield change or Change(provider.code, Fate.CHANGED, provider=provider)
    for invalid in found.invalid:
        if invalid.code in listed.standing:
            yield Change(invalid.code, Fate.KEPT, error=invalid.error)
        elif not _is_known(listed.invalid.get(invalid.code), invalid):
            yield Change(invalid.code, Fate.INVALID, error=invalid.error, invalid=invalid)


def _between(now: Standing, provider: Provider) -> Change | None:
    """The change to another reading; any is worth another try for one that has failed."""
    found = difference(now.provider, provider)
    if not found.keys:
        return None
    is_worth_it = bool(found.restarting) or now.has_failed
    fate = Fate.RESTARTED if is_worth_it and now.is_wanted_up else Fate.CHANGED
    is_running = fate is Fate.CHANGED and now.is_wanted_up
    deferred = found.deferred if is_running else ()
    return Change(provider.code, fate, found.keys, deferred, provider)


def _is_known(old: Invalid | None, new: Invalid) -> bool:
    return old is not None and (str(old.error), old.folder) == (str(new.error), new.folder)
