"""What the daemon tells, as values. A newer daemon may tell more: it is in `facts`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a provider is not as it should be: a kebab-case kind, what happened, what to do."""

    kind: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider as it was when it was asked for.

    `state` is stopped, starting, ready, unhealthy, stopping, backoff, failed or invalid; `wanted`
    is up, down or on-demand. `url` is where the gateway serves it, with a trailing slash; None for
    an invalid one. `pid` is None without a process. `warnings` are to be minded though it goes on.
    `facts` is the whole document.
    """

    code: str
    name: str
    version: str
    state: str
    wanted: str
    namespace: str
    url: str | None
    generation: int
    pid: int | None
    restarts: int
    cause: Cause | None = None
    warnings: tuple[Cause, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def is_ready(self) -> bool:
        """Whether requests reach it."""
        return self.state == "ready"

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Provider:
        """As the daemon lists it. Raises KeyError for what is no provider."""
        return cls(
            code=document["code"],
            name=document["name"],
            version=document["version"],
            state=document["state"],
            wanted=document["wanted"],
            namespace=document["namespace"],
            url=document.get("url"),
            generation=document["generation"],
            pid=document.get("pid"),
            restarts=document.get("restarts", 0),
            cause=_cause(document["cause"]) if document.get("cause") else None,
            warnings=tuple(map(_cause, document.get("warnings") or ())),
            facts=document,
        )


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. The first of a stream is `snapshot`, with `providers`.

    `code` is None where it concerns the daemon. `data` depends on `name`: `provider.state` has
    `from` and `to`.
    """

    name: str
    number: int
    code: str | None = None
    generation: int | None = None
    at: datetime | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    providers: tuple[Provider, ...] = ()

    @classmethod
    def of(cls, name: str, document: Mapping[str, Any]) -> Event:
        """As the stream has it."""
        at = document.get("at")
        return cls(
            name=name,
            number=document.get("number", 0),
            code=document.get("code"),
            generation=document.get("generation"),
            at=datetime.fromisoformat(at) if at else None,
            data=document.get("data") or {},
            providers=tuple(map(Provider.of, document.get("providers") or ())),
        )


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line that a provider printed, without its end; `stream` is stdout or stderr."""

    number: int
    at: datetime
    stream: str
    generation: int
    text: str

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> LogLine:
        """As it was kept."""
        return cls(
            number=document["number"],
            at=datetime.fromisoformat(document["at"]),
            stream=document["stream"],
            generation=document["generation"],
            text=document["text"],
        )


def _cause(document: Mapping[str, Any]) -> Cause:
    return Cause(document["kind"], document["message"], document.get("hint", ""))
