"""The operations, as functions of a request; no socket here. openapi.json describes the same."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from .orders import Body, parse_input, parse_nothing, parse_order, parse_signal
from .refused import RefusedError
from .ring import Entry, Ring
from .table import Table

PACKAGE = Path(__file__).parent.parent
KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
KEEP_ALIVE_S = 15.0
_KILL = {"signal": "KILL"}


@dataclass(frozen=True, slots=True)
class Request:
    """What a route is called with. `last_event_id` is 0 where there is none."""

    process_id: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    body: Body = field(default_factory=dict)
    takes_events: bool = False
    last_event_id: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer; `content` is a value for JSON, or bytes of `kind`, or None for no body."""

    status: int
    content: object
    kind: str = "application/json"


Stream = Iterator[bytes]
"""Server-sent events, each piece to be sent when it is there."""


class Route(NamedTuple):
    """One operation; `{id}` in the path is a process id."""

    method: str
    path: str
    call: Callable[[Request], Reply | Stream]

    def match(self, path: str) -> str | None:
        """The process id in `path` ("" where the route has none); None for another path."""
        pattern = re.escape(self.path).replace(r"\{id\}", "([0-9a-f]{1,32})")
        found = re.fullmatch(pattern, path)
        return "".join(found.groups()) if found else None


class Api:
    """The routes, on one table."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self.routes = (
            Route("GET", "/health", lambda _: Reply(200, {"status": "ok"})),
            Route("GET", "/openapi.json", _file("openapi.json", "application/json")),
            Route("GET", "/processes", self._list),
            Route("POST", "/processes", self._start),
            Route("GET", "/processes/{id}", self._get),
            Route("GET", "/processes/{id}/output", self._output),
            Route("POST", "/processes/{id}/input", self._input),
            Route("POST", "/processes/{id}/close-stdin", self._close_stdin),
            Route("POST", "/processes/{id}/signal", self._signal),
            Route("POST", "/processes/{id}/kill", self._kill),
            Route("POST", "/processes/{id}/remove", self._remove),
            Route("GET", "/events", lambda _: _changes(self._table)),
        )
        self.files = (
            Route("GET", "/", _file("index.html", "text/html; charset=utf-8")),
            *(
                Route(
                    "GET", f"/assets/{path.name}", _file(f"assets/{path.name}", KINDS[path.suffix])
                )
                for path in sorted((PACKAGE / "assets").iterdir())
            ),
        )

    def find(self, method: str, path: str) -> tuple[Route, str]:
        """The route, and the process id in the path; raises RefusedError where there is none."""
        matches = [
            (route, found)
            for route in (*self.routes, *self.files)
            if (found := route.match(path)) is not None
        ]
        for route, process_id in matches:
            if route.method == method:
                return route, process_id
        if matches:
            allow = ", ".join(sorted({route.method for route, _ in matches}))
            detail = f"{method} is not for this path; {allow} is"
            raise RefusedError(405, "method-not-allowed", detail, allow=allow)
        raise RefusedError(404, "not-found", "there is nothing at this path")

    def _list(self, request: Request) -> Reply:
        only_running = request.query.get("runningOnly", "false")
        if only_running not in ("true", "false"):
            raise RefusedError(422, "bad-request", "runningOnly: expected true or false")
        return Reply(
            200, {"processes": self._table.pictures(has_ended_too=only_running == "false")}
        )

    def _start(self, request: Request) -> Reply:
        return Reply(201, self._table.start(parse_order(request.body)).picture())

    def _get(self, request: Request) -> Reply:
        return Reply(200, self._table.get(request.process_id).picture())

    def _output(self, request: Request) -> Reply | Stream:
        ring = self._table.get(request.process_id).output
        after = max(request.last_event_id, _after(request.query))
        if request.takes_events:
            # A browser comes back after the end, too; 204 tells it not to (HTML, 9.2.3).
            return Reply(204, None) if _is_told(ring, after) else _events(ring, after)
        return Reply(200, _lines(ring, after))

    def _input(self, request: Request) -> Reply:
        data = parse_input(request.body)
        self._table.get(request.process_id).write(data)
        return Reply(200, {"written": len(data)})

    def _close_stdin(self, request: Request) -> Reply:
        parse_nothing(request.body)
        self._table.get(request.process_id).close_stdin()
        return Reply(200, {"closed": True})

    def _signal(self, request: Request) -> Reply:
        number = parse_signal(request.body)
        self._table.get(request.process_id).signal(number)
        return Reply(200, {"signal": number.name})

    def _kill(self, request: Request) -> Reply:
        parse_nothing(request.body)
        self._table.get(request.process_id).signal(parse_signal(_KILL))
        return Reply(200, {"signal": "SIGKILL"})

    def _remove(self, request: Request) -> Reply:
        parse_nothing(request.body)
        self._table.remove(request.process_id)
        return Reply(200, {"removed": True})


def _file(name: str, kind: str) -> Callable[[Request], Reply]:
    return lambda _: Reply(200, (PACKAGE / name).read_bytes(), kind)


def _after(query: Mapping[str, str]) -> int:
    text = query.get("after", "0")
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise RefusedError(422, "bad-request", "after: expected the number of a line")
    return int(text)


def _is_told(ring: Ring, after: int) -> bool:
    page = ring.read(after=after)
    return page.is_last and not page.entries and after >= ring.last


def _lines(ring: Ring, after: int) -> dict[str, object]:
    page = ring.read(after=after)
    lines = [json.loads(entry.data) for entry in page.entries if entry.name == "process.output"]
    return {"lines": lines, "missed": page.missed, "ended": page.is_last}


def _events(ring: Ring, after: int) -> Stream:
    yield b"retry: 1000\n\n"
    while True:
        page = ring.read(after=after, timeout_s=KEEP_ALIVE_S)
        if page.missed:
            yield _event("process.dropped", json.dumps({"lines": page.missed}))
        yield _told(page.entries)
        if page.is_last:
            return
        after = page.next_after(after)


def _changes(table: Table) -> Stream:
    """How things stand, then each change; how things stand again for one who missed some."""
    yield b"retry: 1000\n\n"
    after = -1
    while True:
        if after < 0:
            after, pictures = table.snapshot()
            yield _event("snapshot", json.dumps({"processes": pictures}))
        page = table.changes.read(after=after, timeout_s=KEEP_ALIVE_S)
        if page.missed:
            after = -1
            continue
        yield _told(page.entries)
        if page.is_last:
            return
        after = page.next_after(after)


def _told(entries: tuple[Entry, ...]) -> bytes:
    if not entries:
        return b": nothing new\n\n"
    return b"".join(_event(e.name, e.data, number=e.number) for e in entries)


def _event(name: str, data: str, *, number: int | None = None) -> bytes:
    """One event in the format of the HTML standard, 9.2.5; `data` is in one line."""
    head = "" if number is None else f"id: {number}\n"
    return f"{head}event: {name}\ndata: {data}\n\n".encode()
