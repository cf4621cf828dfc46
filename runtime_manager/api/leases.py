"""Leases: who wants the daemon up, for a time to be renewed or while a connection is open."""

from __future__ import annotations

import asyncio

from aiohttp import web

from runtime_manager.api.operation import Answer, Call, Nothing, Operation
from runtime_manager.api.parts import ApiParts
from runtime_manager.api.providers import answer
from runtime_manager.api.schema import Schema
from runtime_manager.api.schemas import (
    LeaseDocument,
    LeaseEnd,
    LeaseList,
    LeaseRequest,
    Name,
)
from runtime_manager.api.streams import Streams
from runtime_manager.errors import DaemonEndingError, LeaseLimitError, UnknownLeaseError
from runtime_manager.lifecycle.leases import OPENING, Lease

_ALL = "/api/v1/leases"
_ONE = f"{_ALL}/{{id}}"
_REFUSALS = (DaemonEndingError, LeaseLimitError)
_KEEP_ALIVE = b": still here\n\n"


class HoldQuery(Nothing):
    """`name=X`: for those who look at the list."""

    name: Name = ""


class LeaseViews:
    """The operations on leases."""

    def __init__(self, parts: ApiParts, *, streams: Streams) -> None:
        self._desk = parts.leases
        self._clock = parts.clock
        self._streams = streams

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked; `hold` stands before the ids, which it would be one of."""
        return (
            Operation(
                "GET",
                _ALL,
                name="listLeases",
                summary="Who holds the daemon, and whether it ends with the last of them.",
                call=self.list,
                answers=(Answer(200, "The leases, oldest first.", LeaseList),),
            ),
            Operation(
                "POST",
                _ALL,
                name="takeLease",
                summary="Hold the daemon for a time, to be renewed before it is over.",
                call=self.take,
                body=LeaseRequest,
                answers=(Answer(201, "The lease.", LeaseDocument),),
                errors=_REFUSALS,
            ),
            Operation(
                "GET",
                f"{_ALL}/hold",
                name="holdLease",
                summary="Hold the daemon as long as this stream is open; it ends with the daemon.",
                call=self.hold,
                query=HoldQuery,
                answers=(Answer(200, "The lease.", LeaseDocument, ("text/event-stream",)),),
                errors=_REFUSALS,
                is_endless=True,
            ),
            self._renewal("PUT", "renewLease"),
            self._renewal("POST", "renewLeaseByPost"),
            Operation(
                "DELETE",
                _ONE,
                name="releaseLease",
                summary="Hold the daemon no more.",
                call=self.release,
                answers=(Answer(200, "The lease, as it was.", LeaseDocument),),
                errors=(UnknownLeaseError,),
            ),
        )

    async def list(self, _call: Call[Nothing, Nothing]) -> web.Response:
        """See `operations`."""
        leases = self._desk.all
        listed = [self._document(lease) for lease in leases.held]
        return answer(LeaseList(ends_with_last=leases.is_binding, leases=listed))

    async def take(self, call: Call[Nothing, LeaseRequest]) -> web.Response:
        """See `operations`."""
        kind = OPENING if call.body.until_next else "ttl"
        lease = self._desk.take(kind, name=call.body.name, ttl_s=call.body.ttl)
        return answer(self._document(lease), status=201)

    async def renew(self, call: Call[Nothing, Nothing]) -> web.Response:
        """See `operations`."""
        return answer(self._document(self._desk.renew(call.request.match_info["id"])))

    async def release(self, call: Call[Nothing, Nothing]) -> web.Response:
        """See `operations`."""
        lease = self._desk.all.find(call.request.match_info["id"])
        self._desk.release(lease.id)
        return answer(self._document(lease))

    async def hold(self, call: Call[HoldQuery, Nothing]) -> web.StreamResponse:
        """See `operations`."""
        response = web.StreamResponse()
        response.content_type = "text/event-stream"
        response.charset = "utf-8"
        lease = self._desk.take("connection", name=call.query.name)
        try:
            async with self._streams.open(call.request, response) as stream:
                await stream.write(_message("lease", self._document(lease)))
                while (reason := await self._end()) is None:
                    await stream.write(_KEEP_ALIVE)
                await stream.write(_message("ended", LeaseEnd(reason=reason)))
        finally:
            self._desk.release(lease.id)
        return response

    async def _end(self) -> str | None:
        """Why the daemon ends; None where it did not, for as long as a stream may be silent."""
        try:
            async with asyncio.timeout(self._streams.keep_alive_s):
                return await self._desk.closed()
        except TimeoutError:
            return None

    def _renewal(self, method: str, name: str) -> Operation:
        return Operation(
            method,
            _ONE,
            name=name,
            summary="Let the time of a lease begin anew.",
            call=self.renew,
            answers=(Answer(200, "The lease.", LeaseDocument),),
            errors=(UnknownLeaseError,),
        )

    def _document(self, lease: Lease) -> LeaseDocument:
        return LeaseDocument.of(lease, now=self._clock.monotonic())


def _message(name: str, document: Schema) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), document.json_bytes())
