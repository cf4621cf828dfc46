"""The application on a real socket, before a supervisor that does as the test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from runtime_manager.api.app import build_app
from runtime_manager.api.parts import ApiParts, StreamLimits
from runtime_manager.clock import SystemClock
from runtime_manager.daemon.lease_desk import LeaseDesk
from runtime_manager.errors import NotStartableError, UnknownCodeError, WaitTimeoutError
from runtime_manager.gateway.routes import Gate, Route, RouteTable
from runtime_manager.lifecycle.leases import Leases
from runtime_manager.model.endpoint import TcpEndpoint
from runtime_manager.model.home import Home
from runtime_manager.model.registry import InstalledVersion
from runtime_manager.model.settings import Settings
from runtime_manager.packages.installation import Installed
from runtime_manager.supervisor.changes import Reload
from runtime_manager.supervisor.events import EventLog
from runtime_manager.supervisor.view import Cause, ProviderView

NOON = datetime(2030, 1, 2, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Line:
    number: int
    stream: str
    text: str
    at: datetime = NOON
    generation: int = 1


@dataclass(frozen=True)
class Usage:
    processes: int = 2
    rss_bytes: int = 1 << 20
    cpu_seconds: float = 0.5
    threads: int = 3
    memory_bytes: int | None = None
    memory_pressure: float | None = 1.5
    cpu_pressure: float | None = None
    io_pressure: float | None = None


class Lines:
    """What a provider printed; `say` prints, `end` ends those who follow."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.followers = 0
        self._said = asyncio.Event()
        self._is_over = False

    def say(self, text: str, stream: str = "stdout") -> None:
        self.lines.append(Line(len(self.lines) + 1, stream, text))
        self._stir()

    def end(self) -> None:
        self._is_over = True
        self._stir()

    def _stir(self) -> None:
        self._said.set()
        self._said = asyncio.Event()

    def tail(self, count: int, *, stream: str | None = None) -> Sequence[Line]:
        return [line for line in self.lines if stream in (None, line.stream)][-count:]

    async def follow(self, after: int) -> AsyncIterator[Line]:
        self.followers += 1
        try:
            while True:
                for line in self.lines[after:]:
                    after = line.number
                    yield line
                if self._is_over:
                    return
                await self._said.wait()
        finally:
            self.followers -= 1


@dataclass
class StandIn:
    """A supervisor of views: each deed brings the views that the test has laid out for it."""

    events: EventLog = field(default_factory=lambda: EventLog(SystemClock(), unread_limit=50))
    outputs: dict[str, Lines] = field(default_factory=dict)
    outcomes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    measured: int = 0
    broken: Exception | None = None
    _views: dict[str, ProviderView] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, code: str, **given: Any) -> ProviderView:
        view = ProviderView(
            code=code,
            name=given.pop("name", code.capitalize()),
            version="1.0.0",
            namespace=given.pop("namespace", f"/api/v1/{code}"),
            state=given.pop("state", "ready"),
            wanted=given.pop("wanted", "up"),
            generation=given.pop("generation", 1),
            since=given.pop("since", NOON),
            start=given.pop("start", "auto"),
            folder=given.pop("folder", Path("/providers") / code),
            **given,
        )
        self._views[code] = view
        self.outputs.setdefault(code, Lines())
        return view

    def change(self, code: str, **given: Any) -> None:
        view = self._views[code]
        given.setdefault("since", view.since + timedelta(seconds=1))
        self._views[code] = replace(view, **given)
        self.events.publish("provider.state", code=code, to=self._views[code].state)
        self._changed.set()
        self._changed = asyncio.Event()

    def views(self) -> tuple[ProviderView, ...]:
        if self.broken:
            raise self.broken
        return tuple(self._views[code] for code in sorted(self._views))

    def view(self, code: str) -> ProviderView:
        if code not in self._views:
            raise UnknownCodeError(f"no provider is called {code!r}", hint="did you mean echo?")
        return self._views[code]

    def start(self, code: str) -> None:
        self._ask("start", code)

    def stop(self, code: str) -> None:
        self._ask("stop", code)

    def restart(self, code: str) -> None:
        self._ask("restart", code)

    def _ask(self, deed: str, code: str) -> None:
        if self.view(code).state == "invalid":
            raise NotStartableError(f"{code} is invalid", hint="mend it")
        self.asked.append((deed, code))
        asyncio.get_running_loop().call_soon(self._bring, deed, code)

    def _bring(self, deed: str, code: str) -> None:
        outcomes = self.outcomes.get(deed)
        if outcomes:
            self.change(code, **outcomes.pop(0))
            asyncio.get_running_loop().call_soon(self._bring, deed, code)

    async def wait(
        self, code: str, *, until: Callable[[ProviderView], bool], timeout_s: float
    ) -> ProviderView:
        try:
            async with asyncio.timeout(timeout_s):
                while not until(view := self.view(code)):
                    await self._changed.wait()
                return view
        except TimeoutError:
            raise WaitTimeoutError(f"{code} is still {self.view(code).state}") from None

    async def removed(self, code: str) -> None:
        while code in self._views:
            await self._changed.wait()

    def routes(self) -> RouteTable:
        endpoint = TcpEndpoint("127.0.0.1", 4711)
        return RouteTable(3, (Route("/api/v1/echo", "echo", Gate.OPEN, endpoint, name="echo"),))

    def output(self, code: str) -> Lines:
        self.view(code)
        return self.outputs[code]

    def usage(self, _code: str) -> Usage:
        self.measured += 1
        return Usage()


@dataclass
class Files:
    """Files that change as the test says."""

    settings: Settings
    plan: Reload = field(default_factory=lambda: Reload((), ()))
    asked: list[bool] = field(default_factory=list)
    effect: Callable[[], None] = field(default=lambda: None)

    async def reload(self, *, is_dry_run: bool = False) -> Reload:
        self.asked.append(is_dry_run)
        self.effect()
        return self.plan


@dataclass
class Store:
    """What changes packages: notes what was asked, and fails as the test says."""

    asked: list[tuple[object, ...]] = field(default_factory=list)
    error: Exception | None = None

    async def adopt(self, code: str, version: InstalledVersion) -> Installed:
        self.asked.append(("adopt", code, version))
        if self.error:
            raise self.error
        return Installed(code, version.version, Path("/packages") / code, "1.0")

    async def remove(self, code: str, *, purge: bool) -> None:
        self.asked.append(("remove", code, purge))
        if self.error:
            raise self.error


@pytest.fixture
async def supervisor() -> StandIn:
    """One provider that is ready, one that failed, one that is invalid."""
    made = StandIn()
    made.put("echo", pid=4242, endpoint="127.0.0.1:4711", description="Says it again")
    made.put(
        "broken",
        state="failed",
        cause=Cause("exited", "exit code 3 before it was ready", "rtm logs broken"),
        last_exit="exit code 3",
        stderr_tail=("Traceback", "boom"),
    )
    made.put(
        "odd", state="invalid", wanted="down", start="", namespace="", manifest_error="line 3: no"
    )
    return made


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
async def desk() -> AsyncIterator[LeaseDesk]:
    """The leases of a daemon that was started by itself."""
    clock = SystemClock()
    made = LeaseDesk(Leases(is_binding=False), clock=clock, when_over=lambda: None)
    yield made
    made.close("the test is over")


@pytest.fixture
def parts(supervisor: StandIn, desk: LeaseDesk, home: Home) -> ApiParts:
    override = {"env": {"SECRET": "hunter2"}, "health": {"headers": {"Authorization": "hunter3"}}}
    return ApiParts(
        supervisor=cast(Any, supervisor),
        leases=desk,
        reloads=Files(Settings.model_validate({"providers": {"echo": override}})),
        packages=Store(),
        home=home,
        session_key=b"k" * 32,
        daemon_id="d1",
        base_url="http://127.0.0.1:9880",
        version="1.2.3",
        nonce="0123456789abcdef",
        started_at=NOON,
        limits=StreamLimits(keep_alive_s=0.02, stall_s=5),
    )


@pytest.fixture
def app(parts: ApiParts) -> web.Application:
    return build_app(parts)


@pytest.fixture
async def client(app: web.Application) -> AsyncIterator[TestClient[Any, Any]]:
    """The application on a loopback port; a request's end is the test's to see to."""
    server = TestServer(app, handler_cancellation=True)
    async with TestClient(server, cookie_jar=aiohttp.DummyCookieJar()) as made:
        yield made


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], Awaitable[None]]:
    """Wait until something holds that no event tells of: that a peer has noticed."""

    async def wait(holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not holds():
                await asyncio.sleep(0.005)

    return wait
