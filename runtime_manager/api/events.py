"""The event stream: how things stand, then everything that happens, numbered (server-sent events).

An id is the daemon's nonce with the event's number, so that a reader who comes back after the
daemon was restarted gets a new snapshot and not the wrong events.
"""

from __future__ import annotations

from contextlib import aclosing

from aiohttp import web

from runtime_manager.api.operation import Answer, Call, Nothing, Operation
from runtime_manager.api.parts import Providers
from runtime_manager.api.pictures import Pictures
from runtime_manager.api.schema import Schema
from runtime_manager.api.schemas import EventDocument, Snapshot
from runtime_manager.api.streams import ReaderGoneError, Stream, Streams, with_silences
from runtime_manager.errors import UnknownCodeError
from runtime_manager.supervisor.events import STOPPING, Event

_KEEP_ALIVE = b": still here\n\n"
_EPOCH_LENGTH = 8


class EventQuery(Nothing):
    """`code=X`: only what concerns that provider, and the daemon as a whole."""

    code: str | None = None


class EventViews:
    """The operation that tells what happens."""

    def __init__(
        self, providers: Providers, *, pictures: Pictures, streams: Streams, nonce: str
    ) -> None:
        self._providers = providers
        self._pictures = pictures
        self._streams = streams
        self._epoch = nonce[:_EPOCH_LENGTH]

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        return (
            Operation(
                "GET",
                "/api/v1/events",
                name="watchEvents",
                summary="A snapshot, then events as they come; ends after daemon.stopping.",
                call=self.watch,
                query=EventQuery,
                answers=(Answer(200, "The events.", EventDocument, ("text/event-stream",)),),
                errors=(UnknownCodeError,),
                is_endless=True,
            ),
        )

    async def watch(self, call: Call[EventQuery, Nothing]) -> web.StreamResponse:
        """See `operations`."""
        code = call.query.code
        if code is not None:
            self._providers.view(code)
        response = web.StreamResponse()
        response.content_type = "text/event-stream"
        response.charset = "utf-8"
        last_seen = self._last_seen(call.request.headers.get("Last-Event-ID", ""))
        async with self._streams.open(call.request, response) as stream:
            await self._send(stream, code=code, last_seen=last_seen)
        return response

    async def _send(self, stream: Stream, *, code: str | None, last_seen: int | None) -> None:
        log = self._providers.events
        async with log.subscribe() as subscription:
            missed = None if last_seen is None else log.recent(last_seen)
            opening = self._snapshot(code) if missed is None else b""
            await stream.write(opening + b"".join(map(self._told, of_concern(missed, code))))
            coming = with_silences(subscription, after_s=self._streams.keep_alive_s)
            async with aclosing(coming):
                async for event in coming:
                    if event is None:
                        await stream.write(_KEEP_ALIVE)
                        continue
                    events = (event, *subscription.rest())
                    if told := b"".join(map(self._told, of_concern(events, code))):
                        await stream.write(told)
                    if events[-1].name == STOPPING:
                        return
            if subscription.was_cut:
                raise ReaderGoneError

    def _snapshot(self, code: str | None) -> bytes:
        views = self._providers.views() if code is None else (self._providers.view(code),)
        number = self._providers.events.last_number
        listed = [self._pictures.listed(view) for view in views]
        return self._message("snapshot", number, Snapshot(number=number, providers=listed))

    def _told(self, event: Event) -> bytes:
        return self._message(event.name, event.number, EventDocument.of(event))

    def _message(self, name: str, number: int, document: Schema) -> bytes:
        head = f"id: {self._epoch}-{number}\nevent: {name}\ndata: "
        return head.encode() + document.json_bytes() + b"\n\n"

    def _last_seen(self, last_event_id: str) -> int | None:
        """The number in an id of this daemon; None for any other text."""
        epoch, _, number = last_event_id.rpartition("-")
        is_ours = epoch == self._epoch and number.isascii() and number.isdecimal()
        return int(number) if is_ours and len(number) < 20 else None


def concerns(event: Event, code: str | None) -> bool:
    """Whether a reader who asked for `code` is to be told; None asks for everything."""
    return code is None or event.code in (None, code)


def of_concern(events: tuple[Event, ...] | None, code: str | None) -> list[Event]:
    """Those of `events` that concern the reader."""
    return [event for event in events or () if concerns(event, code)]
