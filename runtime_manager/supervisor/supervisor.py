"""Which runners exist; starts and stops them, dependencies first, and answers for them all."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import structlog

from runtime_manager.errors import NotStartableError, UnknownCodeError, WaitTimeoutError
from runtime_manager.gateway.routes import RouteTable
from runtime_manager.lifecycle.table import Event, Instance, State, Wanted
from runtime_manager.model.manifest import Start
from runtime_manager.model.provider import Invalid, Provider
from runtime_manager.process.output import Output
from runtime_manager.process.usage import Usage, usage
from runtime_manager.supervisor import viewing
from runtime_manager.supervisor.events import EventLog
from runtime_manager.supervisor.idleness import Idleness
from runtime_manager.supervisor.runner import Runner, World
from runtime_manager.supervisor.view import ProviderView

_log = structlog.get_logger()
_AT_REST = frozenset({State.STOPPED, State.FAILED})


@dataclass(frozen=True, slots=True)
class _Berthed:
    runner: Runner
    idleness: Idleness
    task: asyncio.Task[None]

    @property
    def has_ended(self) -> bool:
        """Whether it is at rest for good: nothing of it runs, and nothing wakes it."""
        instance = self.runner.instance
        is_down = instance.state in _AT_REST and instance.wanted is Wanted.DOWN
        return is_down or self.task.done()


class Supervisor:
    """Runs the providers it was given. `close` stops them all; the caller closes the rest."""

    def __init__(self, world: World, *, new_output: Callable[[Provider], Output]) -> None:
        self._world = world
        self._new_output = new_output
        self._running: dict[str, _Berthed] = {}
        self._invalid: dict[str, Invalid] = {}
        self._changes: set[asyncio.Event] = set()
        self._is_closing = False

    @property
    def events(self) -> EventLog:
        """What happens, numbered."""
        return self._world.events

    # What exists.

    def add(self, provider: Provider) -> None:
        """Take on `provider`, at rest; `start_all` or `start` starts it."""
        runner = Runner(
            provider,
            world=self._world,
            output=self._new_output(provider),
            blocked_by=lambda: self._blocked_by(provider),
            changed=self._changed,
        )
        idleness = Idleness(runner, in_flight=self._world.board.in_flight)
        task = asyncio.get_running_loop().create_task(runner.run(), name=f"runner {provider.code}")
        self._running[provider.code] = _Berthed(runner, idleness, task)
        self.events.publish("provider.added", code=provider.code)

    def add_invalid(self, invalid: Invalid) -> None:
        """List a package that cannot be used, with its reason."""
        self._invalid[invalid.code] = invalid
        _log.warning("package.invalid", code=invalid.code, reason=str(invalid.error))

    def start_all(self) -> None:
        """Ask for every provider that starts by itself; those with dependencies wait for them."""
        for berthed in self._running.values():
            if berthed.runner.provider.start is Start.AUTO:
                berthed.runner.ask(Event.START)

    # What is asked of one.

    def start(self, code: str) -> None:
        """Ask for a start; returns at once. Raises UnknownCodeError, NotStartableError."""
        self._wake_dependencies(self._runner(code))
        self._runner(code).ask(Event.START)

    def stop(self, code: str) -> None:
        """Ask for a stop; no request wakes it after that. Raises as `start` does."""
        self._runner(code).ask(Event.STOP)

    def restart(self, code: str) -> None:
        """Ask for a restart. Raises as `start` does."""
        self._wake_dependencies(self._runner(code))
        self._runner(code).ask(Event.RESTART)

    def wake(self, code: str) -> None:
        """A request came for an on-demand provider at rest: start it; else do nothing."""
        berthed = self._running.get(code)
        if berthed is None or self._is_closing:
            return
        if berthed.runner.instance.wanted is Wanted.ON_DEMAND:
            self.start(code)

    def settled(self, code: str, generation: int) -> None:
        """Nothing is under way to that generation any more."""
        berthed = self._running.get(code)
        if berthed is not None and berthed.runner.instance.generation == generation:
            berthed.idleness.count()

    async def wait(
        self, code: str, *, until: Callable[[ProviderView], bool], timeout_s: float
    ) -> ProviderView:
        """The provider once `until` holds for it. Raises WaitTimeoutError, UnknownCodeError."""
        change = asyncio.Event()
        self._changes.add(change)
        try:
            async with asyncio.timeout(timeout_s):
                while not until(view := self.view(code)):
                    change.clear()
                    await change.wait()
                return view
        except TimeoutError:
            state = self.view(code).state
            raise WaitTimeoutError(
                f"{code} is still {state} after {timeout_s:g} s",
                hint=f"rtm status {code} tells why",
                state=state,
            ) from None
        finally:
            self._changes.discard(change)

    # What is told of them.

    def views(self) -> tuple[ProviderView, ...]:
        """All that is listed, by code."""
        return tuple(self.view(code) for code in sorted({*self._running, *self._invalid}))

    def view(self, code: str) -> ProviderView:
        """One provider as it is now. Raises UnknownCodeError."""
        if code in self._running:
            return viewing.of_runner(self._running[code].runner)
        if code in self._invalid:
            return viewing.of_invalid(self._invalid[code])
        raise self._unknown(code)

    def routes(self) -> RouteTable:
        """The newest route table."""
        return self._world.board.table

    def output(self, code: str) -> Output:
        """What its programs print. Raises UnknownCodeError, NotStartableError."""
        return self._runner(code).output

    def usage(self, code: str) -> Usage | None:
        """What its process tree uses, None without one. Blocks: call it in a thread."""
        live = self._runner(code).live
        return usage(live.pid) if live is not None and live.is_alive else None

    # The end.

    async def close(self, hurry: asyncio.Event, *, timeout_s: float) -> None:
        """Stop all, dependents first; after `timeout_s`, or once `hurry` is set, kill what is left.

        Returns once every process is reaped and swept. Safe to call twice.
        """
        self._is_closing = True
        stopping = asyncio.ensure_future(self._stop_all())
        hurried = asyncio.ensure_future(hurry.wait())
        await asyncio.wait(
            (stopping, hurried), timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED
        )
        if not stopping.done():
            _log.warning("shutdown.cut", hurried=hurry.is_set(), after_s=timeout_s)
        await _cancelled(stopping, hurried)
        for berthed in self._running.values():
            berthed.idleness.close()
            berthed.task.cancel()
        await asyncio.gather(
            *(berthed.task for berthed in self._running.values()), return_exceptions=True
        )
        for berthed in self._running.values():
            berthed.runner.output.close()

    async def _stop_all(self) -> None:
        await asyncio.gather(*(self._stop_after_dependents(code) for code in self._running))

    async def _stop_after_dependents(self, code: str) -> None:
        for dependent in self._dependents(code):
            await self._at_rest(dependent)
        self._running[code].runner.ask(Event.STOP)
        await self._at_rest(code)

    async def _at_rest(self, code: str) -> None:
        change = asyncio.Event()
        self._changes.add(change)
        try:
            while not self._running[code].has_ended:
                change.clear()
                await change.wait()
        finally:
            self._changes.discard(change)

    # Dependencies.

    def _dependents(self, code: str) -> list[str]:
        return [
            other
            for other, berthed in self._running.items()
            if code in berthed.runner.provider.manifest.depends_on
        ]

    def _blocked_by(self, provider: Provider) -> tuple[str, ...]:
        return tuple(c for c in provider.manifest.depends_on if not self._is_ready(c))

    def _is_ready(self, code: str) -> bool:
        berthed = self._running.get(code)
        return berthed is not None and berthed.runner.instance.state is State.READY

    def _wake_dependencies(self, runner: Runner) -> None:
        for code in runner.provider.manifest.depends_on:
            self.wake(code)

    def _changed(self, runner: Runner, before: Instance) -> None:
        """After each change: those who wait for it look again."""
        for change in self._changes:
            change.set()
        if runner.instance.state is not State.READY or before.state is State.READY:
            return
        berthed = self._running.get(runner.provider.code)
        if berthed is not None:
            berthed.idleness.count()
        if not self._is_closing:
            self._start_waiting(runner.provider.code)

    def _start_waiting(self, code: str) -> None:
        for dependent in self._dependents(code):
            waiting = self._running[dependent].runner
            instance = waiting.instance
            if instance.state is State.STOPPED and instance.wanted is Wanted.UP:
                waiting.ask(Event.START)

    def _runner(self, code: str) -> Runner:
        if code in self._invalid:
            error = self._invalid[code].error
            raise NotStartableError(f"{code} is invalid: {error}", hint=error.hint)
        if code not in self._running:
            raise self._unknown(code)
        return self._running[code].runner

    def _unknown(self, code: str) -> UnknownCodeError:
        known: Iterable[str] = {*self._running, *self._invalid}
        near = difflib.get_close_matches(code, known, n=1)
        hint = f"did you mean {near[0]}?" if near else "rtm list shows what there is"
        return UnknownCodeError(f"no provider is called {code!r}", hint=hint)


async def _cancelled(*tasks: asyncio.Future[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
