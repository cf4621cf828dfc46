"""Reading settings and packages anew, and telling what that changes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated

from aiohttp import web
from pydantic import Field

from runtime_manager.api.operation import Answer, Call, Nothing, Operation
from runtime_manager.api.outcome import Deed, is_done, is_settled
from runtime_manager.api.parts import ApiParts
from runtime_manager.api.providers import answer
from runtime_manager.api.reload_schemas import ReloadDocument
from runtime_manager.errors import DaemonError, RegistryError, SettingsError, WaitTimeoutError
from runtime_manager.model.units import Duration
from runtime_manager.supervisor.changes import Change, Fate, Reload
from runtime_manager.supervisor.view import ProviderView

_LONGEST_WAIT_S = 3600


class ReloadQuery(Nothing):
    """`dry_run=1` only tells; `wait=30s` answers once what is started and stopped has settled."""

    dry_run: bool = False
    wait: Annotated[Duration, Field(ge=0, le=_LONGEST_WAIT_S)] | None = None


class ReloadViews:
    """The one operation of reloading."""

    def __init__(self, parts: ApiParts) -> None:
        self._providers = parts.supervisor
        self._reloads = parts.reloads

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        return (
            Operation(
                "POST",
                "/api/v1/reload",
                name="reload",
                summary="Read settings and manifests anew; restart only what needs it.",
                call=self.reload,
                query=ReloadQuery,
                answers=(Answer(200, "What has changed, or would.", ReloadDocument),),
                errors=(SettingsError, RegistryError, DaemonError, WaitTimeoutError),
            ),
        )

    async def reload(self, call: Call[ReloadQuery, Nothing]) -> web.Response:
        """See `operations`."""
        is_dry_run, wait_s = call.query.dry_run, call.query.wait
        before = {view.code: view for view in self._providers.views()}
        reload = await self._reloads.reload(is_dry_run=is_dry_run)
        failed: set[str] = set()
        if wait_s is not None and not is_dry_run:
            failed = await self._settled(reload, before, timeout_s=wait_s)
        return answer(ReloadDocument.of(reload, dry_run=is_dry_run, failed=failed))

    async def _settled(
        self, reload: Reload, before: Mapping[str, ProviderView], *, timeout_s: float
    ) -> set[str]:
        """Wait for all that was started, restarted or removed; gives those that did not come up."""
        ended = await asyncio.gather(
            *(self._outcome(change, before, timeout_s=timeout_s) for change in reload.changes)
        )
        return {one.code for one, is_well in zip(reload.changes, ended, strict=True) if not is_well}

    async def _outcome(
        self, change: Change, before: Mapping[str, ProviderView], *, timeout_s: float
    ) -> bool:
        """Whether it went well; raises WaitTimeoutError."""
        code = change.code
        if change.fate is Fate.REMOVED:
            return await self._gone(code, timeout_s=timeout_s)
        if change.fate not in (Fate.ADDED, Fate.RESTARTED):
            return True
        deed = Deed.START if change.fate is Fate.ADDED else Deed.RESTART
        old = self._providers.view(code) if deed is Deed.START else before[code]
        if deed is Deed.START and old.start != "auto":
            return True
        after = await self._providers.wait(
            code, until=lambda now: is_settled(deed, old, now), timeout_s=timeout_s
        )
        return is_done(deed, old, after)

    async def _gone(self, code: str, *, timeout_s: float) -> bool:
        try:
            async with asyncio.timeout(timeout_s):
                await self._providers.removed(code)
        except TimeoutError:
            raise WaitTimeoutError(
                f"{code} is still stopping after {timeout_s:g} s", hint="rtm events follows it"
            ) from None
        return True
