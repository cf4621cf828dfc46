"""What the API says, as pydantic models: they write the answers and the OpenAPI document."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, PlainSerializer

from runtime_manager.api.parts import Line
from runtime_manager.api.schema import Schema
from runtime_manager.api.usage import UsageDocument
from runtime_manager.gateway.routes import Route, RouteTable
from runtime_manager.lifecycle.leases import Lease
from runtime_manager.model.units import Span
from runtime_manager.supervisor import events
from runtime_manager.supervisor.view import Exit

Time = Annotated[
    datetime,
    PlainSerializer(
        lambda at: at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        return_type=str,
    ),
    Field(json_schema_extra={"format": "date-time"}),
]
Name = Annotated[str, Field(max_length=100)]
State = Literal[
    "stopped", "starting", "ready", "unhealthy", "stopping", "backoff", "failed", "invalid"
]


class ProblemDocument(Schema):
    """An error, as RFC 9457 has it, with `code` for programs and `hint` for people."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str


class CauseDocument(Schema):
    """Why a provider is not as it should be, or what is to be minded of it; and what to do."""

    kind: str
    message: str
    hint: str


class TrafficDocument(Schema):
    """What is in flight to the provider now, and how many requests it has been sent so far."""

    in_flight: int
    requests: int


class ElementDocument(Schema):
    """A custom element; `source` is the path of its script on the daemon's own address."""

    tag: str
    source: str


class ProviderDocument(Schema):
    """One provider as it is listed; `status` is `active` when it is ready, else its state."""

    code: str
    name: str
    version: str
    state: State
    status: str
    wanted: str
    basePath: str  # noqa: N815  # the name that IDEs know
    namespace: str
    url: str | None
    generation: int
    pid: int | None
    endpoint: str | None
    cause: CauseDocument | None
    warnings: list[CauseDocument]
    restarts: int
    since: Time
    start: str
    usage: UsageDocument | None
    traffic: TrafficDocument
    element: ElementDocument | None
    channels: list[str] | None
    folder: str
    manifest_error: str | None


class ExitDocument(Schema):
    """How one generation ended; `left` counts the processes it left, which were killed."""

    generation: int
    at: Time
    status: str
    left: int

    @classmethod
    def of(cls, exit_: Exit) -> ExitDocument:
        """As it was seen."""
        return cls(generation=exit_.generation, at=exit_.at, status=exit_.status, left=exit_.left)


class ProviderDetail(ProviderDocument):
    """One provider with all that helps to tell why it is as it is."""

    description: str
    depends_on: list[str]
    managed: bool
    public: bool
    last_probe: str | None
    last_exit: str | None
    exits: list[ExitDocument]
    retry_at: Time | None
    started_in_s: float | None
    stderr_tail: list[str]


class ProviderList(Schema):
    """All that is installed, invalid packages too, by code."""

    providers: list[ProviderDocument]


class RouteDocument(Schema):
    """One way in; `open`, `wait` (requests are held) or `closed` with its cause."""

    prefix: str
    name: str | None
    code: str
    gate: str
    generation: int
    endpoint: str | None
    cause: str
    audience: str

    @classmethod
    def of(cls, route: Route) -> RouteDocument:
        """As the gateway has it."""
        return cls(
            prefix=route.prefix,
            name=route.name,
            code=route.code,
            gate=route.gate,
            generation=route.generation,
            endpoint=str(route.endpoint) if route.endpoint else None,
            cause=route.cause,
            audience=route.audience,
        )


class RouteList(Schema):
    """The route table at one revision."""

    revision: int
    routes: list[RouteDocument]

    @classmethod
    def of(cls, table: RouteTable) -> RouteList:
        """As published last."""
        return cls(revision=table.revision, routes=[RouteDocument.of(r) for r in table.routes])


class ConfigDocument(Schema):
    """The settings in force, defaults included, but for the environment of providers."""

    config: dict[str, Any]


class EventDocument(Schema):
    """One thing that happened; `data` depends on `name`."""

    number: int
    at: Time
    name: str
    code: str | None
    generation: int | None
    data: dict[str, Any]

    @classmethod
    def of(cls, event: events.Event) -> EventDocument:
        """As it was published."""
        return cls(
            number=event.number,
            at=event.at,
            name=event.name,
            code=event.code,
            generation=event.generation,
            data=dict(event.data),
        )


class Snapshot(ProviderList):
    """How things stand after the event with this number (0: before the first)."""

    number: int


class LineDocument(Schema):
    """One line that a provider printed."""

    number: int
    at: Time
    stream: str
    generation: int
    text: str

    @classmethod
    def of(cls, line: Line) -> LineDocument:
        """As it was kept."""
        return cls(
            number=line.number,
            at=line.at,
            stream=line.stream,
            generation=line.generation,
            text=line.text,
        )


class SessionRequest(Schema):
    """What is to be opened in a browser: a provider's code, or `dashboard`."""

    for_: str = Field(alias="for", max_length=63)
    via: Literal["name", "path"] = "name"


class SessionDocument(Schema):
    """An address that signs a browser in: once, on that host, within `expires_in_s` seconds."""

    url: str
    expires_in_s: int


class LeaseRequest(Schema):
    """A lease for `ttl`, to be renewed before it is over; `name` is for those who look at it.

    `until_next`: it is given up when another is taken, as by who starts the daemon for another.
    """

    ttl: Annotated[Span, Field(ge=1, le=86400)]
    name: Name = ""
    until_next: bool = False


class LeaseDocument(Schema):
    """One who wants the daemon up; times are null where only its holder ends it."""

    id: str
    kind: str
    name: str
    ttl_s: float | None
    ends_in_s: float | None

    @classmethod
    def of(cls, lease: Lease, *, now: float) -> LeaseDocument:
        """As it is at the monotonic time `now`."""
        ends_in_s = None if lease.ends_at is None else round(lease.ends_at - now, 3)
        return cls(
            id=lease.id, kind=lease.kind, name=lease.name, ttl_s=lease.ttl_s, ends_in_s=ends_in_s
        )


class LeaseList(Schema):
    """All who hold the daemon. `ends_with_last`: it was started for clients, and ends with them."""

    ends_with_last: bool
    leases: list[LeaseDocument]


class LeaseEnd(Schema):
    """The last word to who holds a lease by a connection: why the daemon goes."""

    reason: str


class Health(Schema):
    """That the daemon answers, and which one it is."""

    status: Literal["ok"]
    version: str
    nonce: str
    pid: int


class Readiness(Schema):
    """Whether everything that starts by itself has come up, or has been given up."""

    status: Literal["ready", "starting"]
    starting: list[str]
