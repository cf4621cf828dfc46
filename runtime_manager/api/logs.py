"""What a provider printed, as NDJSON or plain text: the last lines, and those that come."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from runtime_manager.api.operation import Answer, Call, Nothing, Operation
from runtime_manager.api.parts import Line, Lines, Providers
from runtime_manager.api.schemas import LineDocument
from runtime_manager.api.streams import Stream, Streams, with_silences
from runtime_manager.errors import NotStartableError, UnknownCodeError

_NDJSON, _TEXT = "application/x-ndjson", "text/plain"

Form = Callable[[Line], bytes]


class LogQuery(Nothing):
    """`tail`: how many of the last lines; `follow=1`: go on with those that come."""

    tail: Annotated[int, Field(ge=0, le=1_000_000)] = 100
    follow: bool = False
    stream: Literal["stdout", "stderr"] | None = None


class LogViews:
    """The operation on what a provider printed."""

    def __init__(self, providers: Providers, *, streams: Streams) -> None:
        self._providers = providers
        self._streams = streams

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        return (
            Operation(
                "GET",
                "/api/v1/providers/{code}/logs",
                name="getProviderLogs",
                summary="What its programs printed; `Accept: text/plain` gives the bare lines.",
                call=self.logs,
                query=LogQuery,
                answers=(Answer(200, "A line for each line.", LineDocument, (_NDJSON, _TEXT)),),
                errors=(UnknownCodeError, NotStartableError),
                is_endless=True,
            ),
        )

    async def logs(self, call: Call[LogQuery, Nothing]) -> web.StreamResponse:
        """See `operations`."""
        lines = self._providers.output(call.code)
        is_text = prefers_text(call.request.headers.get("Accept", ""))
        response = web.StreamResponse()
        response.content_type = _TEXT if is_text else _NDJSON
        response.charset = "utf-8"
        async with self._streams.open(call.request, response) as stream:
            await self._send(stream, lines, call.query, as_text if is_text else as_json)
        return response

    async def _send(self, stream: Stream, lines: Lines, query: LogQuery, form: Form) -> None:
        newest = lines.tail(1)
        kept = lines.tail(query.tail, stream=query.stream) if query.tail else ()
        for line in kept:
            await stream.write(form(line))
        if not query.follow:
            return
        after = newest[-1].number if newest else 0
        coming = with_silences(lines.follow(after), after_s=self._streams.keep_alive_s)
        async with aclosing(coming):
            async for new in coming:
                if new is None:
                    stream.check()
                elif query.stream in (None, new.stream):
                    await stream.write(form(new))


def prefers_text(accept: str) -> bool:
    """Whether text/plain is asked for by name; NDJSON is what everybody else gets."""
    media_types = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    return _TEXT in media_types and _NDJSON not in media_types


def as_json(line: Line) -> bytes:
    """The line with all that is known of it."""
    return LineDocument.of(line).json_bytes() + b"\n"


def as_text(line: Line) -> bytes:
    """The line as it was printed."""
    return line.text.encode(errors="replace") + b"\n"
