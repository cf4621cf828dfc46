"""What the rest of the daemon may know of a provider: a frozen picture of one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from runtime_manager.gateway.flow import NO_TRAFFIC, Traffic

if TYPE_CHECKING:
    from runtime_manager.model.manifest import Element

INVALID = "invalid"
"""The listing-only state of a folder whose manifest cannot be used."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a provider is not as it should be: a kebab-case kind, what happened, what to do."""

    kind: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Exit:
    """How one generation ended, at a UTC time.

    `left` counts the processes that were still there when its first one had ended, and were killed.
    """

    generation: int
    at: datetime
    status: str
    left: int = 0


@dataclass(frozen=True, slots=True)
class ProviderView:
    """One provider, installed or invalid, as it is now.

    `state` and `wanted` are the values of the life cycle's enums, or `invalid`. `since` is the UTC
    time of the state. `restarts` counts those nobody asked for. `pid` and `endpoint` are None
    without a process; `started_in_s` is None before the first READY of this generation. `exits` are
    the last few, oldest first; `retry_at` is the UTC time of the next try, None out of BACKOFF.
    `warnings` are worth telling though it goes on: of this generation, one of a kind.
    """

    code: str
    name: str
    version: str
    namespace: str
    state: str
    wanted: str
    generation: int
    since: datetime
    start: str
    folder: Path
    pid: int | None = None
    endpoint: str | None = None
    cause: Cause | None = None
    warnings: tuple[Cause, ...] = ()
    restarts: int = 0
    depends_on: tuple[str, ...] = ()
    element: Element | None = None
    channels: tuple[str, ...] | None = None
    manifest_error: str | None = None
    last_probe: str | None = None
    last_exit: str | None = None
    exits: tuple[Exit, ...] = ()
    traffic: Traffic = NO_TRAFFIC
    retry_at: datetime | None = None
    stderr_tail: tuple[str, ...] = ()
    started_in_s: float | None = None
    description: str = ""
    public: bool = False
    managed: bool = False
