"""The asynchronous client of a daemon: `async with Client.connect() as client: ...`.

It speaks to the daemon's Unix socket, so it needs no token and the daemon's user is the only one
who can use it. Safe to use from many tasks of one loop.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    aclosing,
    asynccontextmanager,
)
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from runtime_manager.client.failures import NoDaemonError
from runtime_manager.client.holding import held
from runtime_manager.client.sse import Reader
from runtime_manager.client.starting import start_daemon
from runtime_manager.client.targets import (
    PROVIDERS,
    PROVIDERS_UNMEASURED,
    RELOAD,
    events_target,
    provider_target,
)
from runtime_manager.client.values import Event, LogLine, Provider
from runtime_manager.client.whereabouts import Whereabouts, read_whereabouts
from runtime_manager.client.wire import Wire
from runtime_manager.errors import (
    DaemonEndingError,
    DaemonError,
    ProtocolError,
    RuntimeManagerError,
    WaitTimeoutError,
)
from runtime_manager.model.home import Home, locate

_TRIES = 5
_MARGIN_S = 10.0
_NEVER_LEFT = ("failed", "invalid")


class EndedError(RuntimeManagerError):
    """The provider came to rest in another state than the one waited for."""

    code = "ended"


class Client:
    """One daemon, as a program asks it; made by `connect`.

    Every method raises ProblemError for what the daemon refuses (its `problem["code"]` says why),
    NoDaemonError and ProtocolError once the daemon is gone.
    """

    def __init__(self, whereabouts: Whereabouts, wire: Wire) -> None:
        self.whereabouts = whereabouts
        self._wire = wire

    @classmethod
    @asynccontextmanager
    async def connect(
        cls,
        home: str | Path | None = None,
        *,
        start: bool = False,
        listen: str | None = None,
        name: str = "",
    ) -> AsyncIterator[Client]:
        """The daemon of `home` (None: of $CORE_HOME, else ~/.core) for as long as the context.

        With `start` one is started where none runs, at `listen` (`127.0.0.1:0`: any free port;
        None: as its settings say), and a lease is held for as long as the context: a daemon that
        was started for clients ends with its last. `name` is what the lease is listed under.
        Raises NoDaemonError where none runs, DaemonError where none can be started.
        """
        place = locate(str(home) if home is not None else None, os.environ)
        async with AsyncExitStack() as stack:
            if start:
                launch = partial(start_daemon, place, listen)
                yield await _held(place, name or f"process {os.getpid()}", launch, stack)
            else:
                yield await _found(place, stack)

    @property
    def url(self) -> str:
        """Where the gateway listens, without a trailing slash; `Provider.url` leads through it."""
        return self.whereabouts.url

    @property
    def token(self) -> str:
        """What a request through the gateway must carry: `Authorization: Bearer`, or X-RTM-Token.

        Raises OSError where it cannot be read.
        """
        return Path(self.whereabouts.token_file).read_text(encoding="utf-8").strip()

    # What is told.

    async def providers(self, *, with_usage: bool = False) -> list[Provider]:
        """All that is installed, invalid packages too, by code.

        `with_usage`: `facts["usage"]` tells of each process tree, which takes a look at each.
        """
        answer = await self._wire.ask("GET", PROVIDERS if with_usage else PROVIDERS_UNMEASURED)
        return [Provider.of(document) for document in answer["providers"]]

    async def provider(self, code: str) -> Provider:
        """One provider, with all that tells why it is as it is."""
        return Provider.of(await self._wire.ask("GET", provider_target(code)))

    async def logs(
        self, code: str, *, tail: int = 100, follow: bool = False, stream: str | None = None
    ) -> AsyncGenerator[LogLine, None]:
        """The last `tail` lines it printed; with `follow` those that come, until it is removed.

        `stream` is stdout or stderr; None is both.
        """
        query = {"tail": tail, "follow": int(follow), **({"stream": stream} if stream else {})}
        target = f"{provider_target(code, 'logs')}?{urlencode(query)}"
        async for line in self._wire.lines(target):
            if line:
                yield LogLine.of(json.loads(line))

    async def events(self, code: str | None = None) -> AsyncGenerator[Event, None]:
        """How things stand, as `snapshot`; then what happens, until the daemon stops.

        `code`: only what concerns that provider, and the daemon. Ends after `daemon.stopping`.
        """
        reader = Reader()
        async for line in self._wire.lines(events_target(code)):
            if message := reader.take(line):
                yield Event.of(message.name, message.data)

    # What is asked for.

    async def start(self, code: str, *, wait_s: float | None = None) -> Provider:
        """Start it and want it up; returns at once, or once it is ready, after `wait_s` at most.

        Raises ProblemError with the code wait-timeout or ended where it does not come up.
        """
        return await self._do("start", code, wait_s)

    async def stop(self, code: str, *, wait_s: float | None = None) -> Provider:
        """Stop it; no request wakes it after that. `wait_s` as for `start`."""
        return await self._do("stop", code, wait_s)

    async def restart(self, code: str, *, wait_s: float | None = None) -> Provider:
        """Stop it and start it anew. `wait_s` as for `start`."""
        return await self._do("restart", code, wait_s)

    async def wait(self, code: str, *, state: str = "ready", timeout_s: float = 60.0) -> Provider:
        """The provider once it is in `state`.

        Raises WaitTimeoutError, and EndedError where it has failed or is invalid instead.
        """
        try:
            async with asyncio.timeout(timeout_s), aclosing(self.events(code)) as events:
                async for event in events:
                    if (found := await self._seen(event, code, state)) is not None:
                        return found
        except TimeoutError:
            raise WaitTimeoutError(f"{code} is not {state} after {timeout_s:g} s") from None
        raise NoDaemonError("the daemon ended while it was waited for")

    async def reload(self, *, dry_run: bool = False, wait_s: float | None = None) -> dict[str, Any]:
        """Read settings and manifests anew; what has changed, or with `dry_run` would.

        With `wait_s` it returns once what is started, stopped or restarted has settled.
        """
        query = {"dry_run": int(dry_run), **({} if wait_s is None else {"wait": f"{wait_s:g}s"})}
        answer_s = (wait_s or 0) + 2 * _MARGIN_S
        return await self._wire.ask("POST", f"{RELOAD}?{urlencode(query)}", answer_s=answer_s)

    def hold(self, name: str = "") -> AbstractAsyncContextManager[None]:
        """Hold a lease for as long as the context; a daemon started for clients ends with its last.

        A daemon that hands its home over is followed to its successor. Raises DaemonEndingError
        where the daemon is about to end.
        """
        return held(self._wire, name)

    async def _do(self, deed: str, code: str, wait_s: float | None) -> Provider:
        query = "" if wait_s is None else f"?wait={wait_s:g}s"
        answer_s = (wait_s or 0) + _MARGIN_S
        target = provider_target(code, deed) + query
        return Provider.of(await self._wire.ask("POST", target, answer_s=answer_s))

    async def _seen(self, event: Event, code: str, state: str) -> Provider | None:
        """The provider, if that event shows it in `state`; it may be past that by now."""
        if event.name == "provider.state" and event.data.get("to") == state:
            return await self.provider(code)
        if event.name != "snapshot" and event.code != code:
            return None
        now = await self.provider(code)
        if now.state == state:
            return now
        if now.state in _NEVER_LEFT:
            cause = now.cause or now.facts.get("manifest_error") or "no cause given"
            raise EndedError(f"{code} is {now.state}, not {state}: {cause}")
        return None


async def _found(home: Home, stack: AsyncExitStack) -> Client:
    """The daemon that runs, known by the nonce that /healthz echoes."""
    at = read_whereabouts(home)
    if at is None:
        raise NoDaemonError(
            f"no daemon runs for this home: there is no {home.runtime_json}", hint="rtm serve"
        )
    wire = Wire(at.socket)
    stack.push_async_callback(wire.close)
    health = await wire.ask("GET", "/healthz")
    newest = read_whereabouts(home) or at  # another may have taken its place meanwhile
    if health.get("nonce") not in (at.nonce, newest.nonce):
        raise NoDaemonError(f"{home.runtime_json} is not of the daemon at {at.socket}")
    return Client(newest, wire)


async def _held(
    home: Home, name: str, launch: Callable[[], object], stack: AsyncExitStack
) -> Client:
    """The daemon that runs, or one that is started, with a lease on it that `stack` gives back.

    One that is about to end grants none; `serve` waits for its end and takes its place.
    """
    for _ in range(_TRIES):
        attempt = AsyncExitStack()
        try:
            client = await _found(home, attempt)
            await attempt.enter_async_context(client.hold(name))
        except (NoDaemonError, ProtocolError, DaemonEndingError):
            await attempt.aclose()
            await asyncio.to_thread(launch)
        except BaseException:
            await attempt.aclose()
            raise
        else:
            stack.push_async_exit(attempt)
            return client
    raise DaemonError(f"no daemon of {home.root} stays long enough to be held")
