"""What the API says of a reload."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from runtime_manager.api.schema import Schema
from runtime_manager.supervisor.changes import Change, Reload


class ChangeDocument(Schema):
    """What a reload means for one provider.

    `keys` of its manifest have changed; `deferred` ones count from its next start on. `error` is
    why its newest manifest is of no use.
    """

    code: str
    change: Literal["added", "removed", "restarted", "changed", "kept", "invalid"]
    keys: list[str]
    deferred: list[str]
    error: str | None

    @classmethod
    def of(cls, change: Change) -> ChangeDocument:
        """As planned."""
        return cls(
            code=change.code,
            change=change.fate.value,
            keys=list(change.keys),
            deferred=list(change.deferred),
            error=str(change.error) if change.error else None,
        )


class SettingChangeDocument(Schema):
    """A setting that has changed; one not in force needs a restart of the daemon."""

    key: str
    in_force: bool


class ReloadDocument(Schema):
    """What a reload changed, or would change.

    `failed` are those among them that were waited for and have not come up.
    """

    dry_run: bool
    providers: list[ChangeDocument]
    settings: list[SettingChangeDocument]
    failed: list[str]

    @classmethod
    def of(cls, reload: Reload, *, dry_run: bool, failed: Iterable[str] = ()) -> ReloadDocument:
        """As planned, or as done."""
        return cls(
            dry_run=dry_run,
            providers=[ChangeDocument.of(change) for change in reload.changes],
            settings=[
                SettingChangeDocument(key=one.key, in_force=one.is_in_force)
                for one in reload.settings
            ],
            failed=sorted(failed),
        )
