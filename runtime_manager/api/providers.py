"""The providers: a list, one by its code, and start, stop and restart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from aiohttp import web
from pydantic import Field

from runtime_manager.api.operation import Answer, Call, Nothing, Operation
from runtime_manager.api.outcome import Deed, check, is_settled
from runtime_manager.api.parts import Providers
from runtime_manager.api.pictures import Pictures
from runtime_manager.api.schema import Schema
from runtime_manager.api.schemas import ProviderDetail, ProviderList
from runtime_manager.api.usage import Gauge
from runtime_manager.errors import NotStartableError, UnknownCodeError, WaitTimeoutError
from runtime_manager.model.units import Duration

_ONE = "/api/v1/providers/{code}"
_LONGEST_WAIT_S = 3600


class ListQuery(Nothing):
    """`usage=0` leaves out what it costs to measure."""

    usage: bool = True


class WaitQuery(Nothing):
    """`wait=10s`: answer with the outcome, or 504 after so long."""

    wait: Annotated[Duration, Field(ge=0, le=_LONGEST_WAIT_S)] | None = None


class ProviderViews:
    """The operations on providers."""

    def __init__(self, providers: Providers, *, pictures: Pictures, gauge: Gauge) -> None:
        self._providers = providers
        self._pictures = pictures
        self._gauge = gauge

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked of them."""
        return (
            Operation(
                "GET",
                "/api/v1/providers",
                name="listProviders",
                summary="All providers, invalid packages too.",
                call=self.all,
                query=ListQuery,
                answers=(Answer(200, "The providers by code.", ProviderList),),
            ),
            Operation(
                "GET",
                _ONE,
                name="getProvider",
                summary="One provider, with all that tells why it is as it is.",
                call=self.one,
                answers=(Answer(200, "The provider.", ProviderDetail),),
                errors=(UnknownCodeError,),
            ),
            self._deed(Deed.START, "Start it and want it up.", self._providers.start),
            self._deed(Deed.STOP, "Stop it; no request wakes it after that.", self._providers.stop),
            self._deed(Deed.RESTART, "Stop it and start it anew.", self._providers.restart),
        )

    async def all(self, call: Call[ListQuery, Nothing]) -> web.Response:
        """See `operations`."""
        views = self._providers.views()
        usage = await self._gauge.read(views if call.query.usage else ())
        listed = [self._pictures.listed(view, usage.get(view.code)) for view in views]
        return answer(ProviderList(providers=listed))

    async def one(self, call: Call[Nothing, Nothing]) -> web.Response:
        """See `operations`."""
        view = self._providers.view(call.code)
        usage = await self._gauge.read([view])
        return answer(self._pictures.detailed(view, usage.get(view.code)))

    def _deed(self, deed: Deed, summary: str, ask: Callable[[str], None]) -> Operation:
        async def do(call: Call[WaitQuery, Nothing]) -> web.Response:
            return await self._do(deed, call, ask)

        return Operation(
            "POST",
            f"{_ONE}/{deed}",
            name=f"{deed}Provider",
            summary=summary,
            call=do,
            query=WaitQuery,
            answers=(
                Answer(202, "Asked for; the provider as it is now.", ProviderDetail),
                Answer(200, "With `wait`: done.", ProviderDetail),
            ),
            errors=(UnknownCodeError, NotStartableError, WaitTimeoutError),
        )

    async def _do(
        self, deed: Deed, call: Call[WaitQuery, Nothing], ask: Callable[[str], None]
    ) -> web.Response:
        if call.query.wait is None:
            ask(call.code)
            return answer(self._pictures.detailed(self._providers.view(call.code)), status=202)
        before = self._providers.view(call.code)
        ask(call.code)
        after = await self._providers.wait(
            call.code,
            until=lambda now: is_settled(deed, before, now),
            timeout_s=call.query.wait,
        )
        check(deed, before, after)
        return answer(self._pictures.detailed(after))


def answer(document: Schema, *, status: int = 200) -> web.Response:
    """A JSON answer."""
    return web.Response(status=status, body=document.json_bytes(), content_type="application/json")
