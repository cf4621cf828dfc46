"""What the control API is given, and as much of the supervisor as it uses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from runtime_manager.api.codes import OneTimeCodes
from runtime_manager.clock import Clock, SystemClock
from runtime_manager.gateway.routes import RouteTable
from runtime_manager.supervisor.changes import Reload
from runtime_manager.supervisor.events import EventLog
from runtime_manager.supervisor.view import ProviderView

if TYPE_CHECKING:
    from runtime_manager.lifecycle.leases import Lease, Leases
    from runtime_manager.model.home import Home
    from runtime_manager.model.registry import InstalledVersion
    from runtime_manager.model.settings import Settings
    from runtime_manager.packages.installation import Installed


class Line(Protocol):
    """One line that a provider printed."""

    @property
    def number(self) -> int:
        """Counts up over all generations and both streams."""
        ...

    @property
    def at(self) -> datetime:
        """When it was read, in UTC."""
        ...

    @property
    def stream(self) -> str:
        """`stdout` or `stderr`."""
        ...

    @property
    def generation(self) -> int:
        """The spawn that printed it."""
        ...

    @property
    def text(self) -> str:
        """Without its end; as hostile as its provider."""
        ...


class Lines(Protocol):
    """What one provider printed."""

    def tail(self, count: int, *, stream: str | None = None) -> Sequence[Line]:
        """The last `count` lines, oldest first."""
        ...

    def follow(self, after: int) -> AsyncIterator[Line]:
        """The lines numbered above `after`, as they come; ends when the provider is removed."""
        ...


class Usage(Protocol):
    """What a process tree uses."""

    @property
    def processes(self) -> int:
        """How many there are."""
        ...

    @property
    def rss_bytes(self) -> int:
        """Resident memory, shared pages counted for each."""
        ...

    @property
    def cpu_seconds(self) -> float:
        """Processor time so far, of those that still run."""
        ...

    @property
    def memory_bytes(self) -> int | None:
        """What its cgroup counts, each page once; None without one, as the pressures."""
        ...

    @property
    def memory_pressure(self) -> float | None:
        """Percent of the last ten seconds in which something of it waited for memory."""
        ...

    @property
    def cpu_pressure(self) -> float | None:
        """For a processor."""
        ...

    @property
    def io_pressure(self) -> float | None:
        """For a disk."""
        ...

    @property
    def threads(self) -> int:
        """Of all of them."""
        ...


class Providers(Protocol):
    """What the API needs of a supervisor; each method raises UnknownCodeError for its code."""

    @property
    def events(self) -> EventLog:
        """What happens."""
        ...

    def views(self) -> tuple[ProviderView, ...]:
        """All that is listed, by code."""
        ...

    def view(self, code: str) -> ProviderView:
        """One provider as it is now."""
        ...

    def start(self, code: str) -> None:
        """Ask for a start; raises NotStartableError for what cannot run, as do the next two."""
        ...

    def stop(self, code: str) -> None:
        """Ask for a stop."""
        ...

    def restart(self, code: str) -> None:
        """Ask for a restart."""
        ...

    async def wait(
        self, code: str, *, until: Callable[[ProviderView], bool], timeout_s: float
    ) -> ProviderView:
        """The provider once `until` holds; raises WaitTimeoutError."""
        ...

    async def removed(self, code: str) -> None:
        """Return once nothing of that code is on its way out."""
        ...

    def routes(self) -> RouteTable:
        """The newest route table."""
        ...

    def output(self, code: str) -> Lines:
        """What the provider printed."""
        ...

    def usage(self, code: str) -> Usage | None:
        """What its processes use now; None without any. Blocks."""
        ...


class LeaseHolders(Protocol):
    """What the API needs of the desk where leases are taken."""

    @property
    def all(self) -> Leases:
        """As they are now."""
        ...

    def take(self, kind: str, *, name: str = "", ttl_s: float | None = None) -> Lease:
        """A new one. Raises DaemonEndingError, LeaseLimitError."""
        ...

    def renew(self, lease_id: str) -> Lease:
        """Let it begin anew. Raises UnknownLeaseError."""
        ...

    def release(self, lease_id: str) -> None:
        """End it; safe to call twice."""
        ...

    async def closed(self) -> str:
        """Why the daemon ends, once it does."""
        ...


class Packages(Protocol):
    """What the API needs of whatever changes what is installed."""

    async def adopt(self, code: str, version: InstalledVersion) -> Installed:
        """Let a version in the store be the one in use; raises UpgradeError, PackageError."""
        ...

    async def remove(self, code: str, *, purge: bool) -> None:
        """Stop and uninstall; raises UnknownCodeError, PackageError."""
        ...


class Reloads(Protocol):
    """What the API needs of whatever reads the files."""

    @property
    def settings(self) -> Settings:
        """The settings as read last."""
        ...

    async def reload(self, *, is_dry_run: bool = False) -> Reload:
        """Bring what runs in line with the files; raises InputError, and nothing has changed."""
        ...


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """How long a stream is silent before it says so, and how long a reader may take no byte."""

    keep_alive_s: float = 15.0
    stall_s: float = 20.0


@dataclass(frozen=True, slots=True)
class ApiParts:
    """What `build_app` is given. `base_url` has no trailing slash; `nonce` is this run's own.

    `local_url` is where the daemon itself listens; None: there is no proxy, and it is `base_url`.
    """

    supervisor: Providers
    leases: LeaseHolders
    reloads: Reloads
    packages: Packages
    home: Home
    session_key: bytes
    daemon_id: str
    base_url: str
    version: str
    nonce: str
    started_at: datetime
    local_url: str | None = None
    clock: Clock = field(default_factory=SystemClock)
    codes: OneTimeCodes = field(default_factory=lambda: OneTimeCodes(SystemClock()))
    limits: StreamLimits = field(default_factory=StreamLimits)
