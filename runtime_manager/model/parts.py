"""The blocks of a manifest: health, restart, stop, limits and the like. Frozen, parsed once."""

from __future__ import annotations

import enum
import posixpath
import re
import signal
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator as After
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    Strict,
    WithJsonSchema,
    model_validator,
)

from runtime_manager.model.scalars import Flag, Text, Whole
from runtime_manager.model.units import Duration, Size, Span


class Part(BaseModel):
    """A frozen block of keys: unknown ones are errors, those that start with `x-` are free."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_by_name=True,
        validate_by_alias=True,
        json_schema_extra={"patternProperties": {"^x-": {}}},
        hide_input_in_errors=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _without_free_keys(cls, data: Any) -> Any:
        if isinstance(data, dict) and any(key.startswith("x-") for key in data):
            return {key: value for key, value in data.items() if not key.startswith("x-")}
        return data


class Listen(enum.StrEnum):
    """How a program learns where to listen."""

    PORT = "port"
    UNIX = "unix"
    FD = "fd"
    REPORT = "report"


class Start(enum.StrEnum):
    """When a provider is started."""

    AUTO = "auto"
    ON_DEMAND = "on-demand"
    MANUAL = "manual"


class Upgrade(enum.StrEnum):
    """How a new version takes the place of an old one."""

    BESIDE = "beside"
    REPLACE = "replace"


class HostHeader(enum.StrEnum):
    """Which Host a program sees: the client's, or that of its own endpoint."""

    PASS = "pass"  # noqa: S105  # passes the Host on; no password
    ENDPOINT = "endpoint"


class ProbeKind(enum.StrEnum):
    """How it is found out whether a program can serve."""

    HTTP = "http"
    TCP = "tcp"
    NONE = "none"


class RestartPolicy(enum.StrEnum):
    """After which exits a program is started again."""

    ON_FAILURE = "on-failure"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class StatusRange:
    """HTTP status codes that count as healthy: inclusive ranges."""

    ranges: tuple[tuple[int, int], ...]

    def accepts(self, status: int) -> bool:
        """Whether `status` is in one of the ranges."""
        return any(low <= status <= high for low, high in self.ranges)

    def __str__(self) -> str:
        return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in self.ranges)


_STATUS_WORDS = "status codes such as 200, 200-399 or 200,404"
_STATUS_RANGE = re.compile(r"\s*([1-5][0-9]{2})\s*(?:-\s*([1-5][0-9]{2})\s*)?", re.ASCII)


def _parse_status(value: object) -> StatusRange:
    if isinstance(value, StatusRange):
        return value
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ValueError(f"expected {_STATUS_WORDS}")
    return StatusRange(tuple(_status_range(part) for part in str(value).split(",")))


def _status_range(text: str) -> tuple[int, int]:
    match = _STATUS_RANGE.fullmatch(text)
    if match is None:
        raise ValueError(f"expected {_STATUS_WORDS}")
    low, high = int(match[1]), int(match[2] or match[1])
    if low > high:
        raise ValueError(f"expected {_STATUS_WORDS}, the lower one first")
    return low, high


Statuses = Annotated[
    StatusRange,
    PlainValidator(_parse_status),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": ["string", "integer"], "default": "200-399"}),
]

_NO_STOP = {"SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGCONT", "SIGCHLD"}
_STOP_SIGNALS = sorted(s.name for s in signal.Signals if s.name not in _NO_STOP)


def _parse_signal(value: object) -> signal.Signals:
    if isinstance(value, signal.Signals):
        return value
    name = value.upper() if isinstance(value, str) else ""
    name = name if name.startswith("SIG") else f"SIG{name}"
    if name not in _STOP_SIGNALS:
        raise ValueError("expected the name of a signal that ends a program, such as SIGTERM")
    return signal.Signals[name]


Signal = Annotated[
    signal.Signals,
    PlainValidator(_parse_signal),
    PlainSerializer(lambda value: value.name, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^(SIG)?[A-Z0-9]+$"}),
]

_PATH = re.compile(r"/[\x21-\x7e]*")


def _probe_path(text: str) -> str:
    if not _PATH.fullmatch(text) or "#" in text:
        raise ValueError("expected a path such as /health, with %-escapes for other characters")
    return text


_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
_HEADER_VALUE = re.compile(r"[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?|")
_FRAMING = frozenset({"content-length", "transfer-encoding", "connection"})


def _headers(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _FRAMING:
            raise ValueError(f"`{name}` cannot be the name of a probe's header")
        if not _HEADER_VALUE.fullmatch(value):
            raise ValueError(f"the value of `{name}` cannot be sent in a header")
    return headers


class Health(Part):
    """When a program counts as able to serve."""

    kind: ProbeKind = Field(
        ProbeKind.HTTP,
        description="http: the path answers as expected; tcp: a connection is accepted; none: "
        "ready as soon as it runs (or says READY=1 on NOTIFY_SOCKET)",
    )
    path: Annotated[str, After(_probe_path)] = Field(
        "/health", description="what the program is asked for, directly: as it sees paths itself"
    )
    interval_s: Span = Field(5.0, alias="interval", description="time between probes once ready")
    timeout_s: Span = Field(2.0, alias="timeout", description="time a probe may take")
    start_timeout_s: Span = Field(
        10.0, alias="start_timeout", description="time until it must be ready"
    )
    failure_threshold: Whole = Field(
        3, ge=1, le=1000, description="failed probes in a row that make it unhealthy"
    )
    unhealthy_timeout_s: Span = Field(
        30.0, alias="unhealthy_timeout", description="time it may stay unhealthy; then restarted"
    )
    headers: Annotated[dict[str, str], After(_headers)] = Field(
        default_factory=dict, description="headers sent with each probe"
    )
    expect: Statuses = Field(
        StatusRange(((200, 399),)),
        description="status codes that count as healthy",
        json_schema_extra={"default": "200-399"},
    )


class Restart(Part):
    """What follows an exit nobody asked for."""

    policy: RestartPolicy = Field(
        RestartPolicy.ON_FAILURE,
        description="on-failure: not after exit code 0; always; never",
    )
    delay_s: Duration = Field(0.5, alias="delay", description="wait before the first restart")
    max_delay_s: Duration = Field(
        30.0, alias="max_delay", description="longest wait; each failure doubles it up to here"
    )
    max_failures: Whole = Field(
        5, alias="max", ge=0, le=1000, description="failures after which it is given up"
    )
    settle_s: Duration = Field(
        60.0, alias="settle", description="time of being ready that makes failures forgotten"
    )

    @model_validator(mode="after")
    def _delays_grow(self) -> Restart:
        if self.delay_s > self.max_delay_s:
            raise ValueError("`delay` is longer than `max_delay`")
        return self


class Stop(Part):
    """How a program is ended."""

    signal: Signal = Field(
        signal.SIGTERM,
        description="the signal that asks it to end, sent to its process group",
        json_schema_extra={"default": "SIGTERM"},
    )
    grace_s: Duration = Field(
        5.0, alias="grace", description="time it has to end after the signal; then SIGKILL"
    )
    drain_s: Duration = Field(
        5.0, alias="drain", description="time requests under way have to end before the signal"
    )
    close_stdin: Flag = Field(False, description="also close its standard input to ask it to end")


class Limits(Part):
    """What a program may use at most; a limit the platform cannot keep is refused at the start."""

    memory_bytes: Annotated[Size, Field(ge=1)] | None = Field(
        None,
        alias="memory",
        description="memory of it all, such as 512MiB; without a cgroup, of each process",
    )
    open_files: Whole | None = Field(None, ge=8, le=2**30, description="open files and sockets")
    processes: Whole | None = Field(
        None, ge=1, le=2**22, description="processes and threads; needs a cgroup"
    )
    cpu: Annotated[float, Strict()] | None = Field(
        None, gt=0, le=4096, description="processor cores, such as 0.5; needs a cgroup"
    )


def relative_file(text: str) -> str:
    """`text` as a plain path inside the package; raises ValueError for one that leads out."""
    path = posixpath.normpath(text) if text else ""
    if not path or path in (".", "..") or path.startswith(("/", "../")) or "\\" in path:
        raise ValueError("expected a file inside the package, such as assets/cool.js")
    return path


_TAG = re.compile(r"[a-z][a-z0-9._]*-[a-z0-9._-]*")  # custom elements need a hyphen (HTML standard)


def _element_tag(text: str) -> str:
    if not _TAG.fullmatch(text):
        raise ValueError("expected the name of a custom element, such as core-cool-widget")
    return text


class Element(Part):
    """A custom element that an IDE can show."""

    tag: Annotated[str, After(_element_tag)] = Field(description="name of the custom element")
    source: Annotated[Text, After(relative_file)] = Field(
        description="its script, a file in the package's assets folder"
    )


class Platform(Part):
    """What is different on one platform."""

    binary: Text = Field(min_length=1, description="the program there")
