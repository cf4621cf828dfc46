"""Starts and stops providers, dependencies first, and answers for them all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

import structlog

from runtime_manager.errors import NotStartableError, WaitTimeoutError
from runtime_manager.gateway.routes import RouteTable
from runtime_manager.lifecycle.table import Event, Instance, State, Wanted
from runtime_manager.model.manifest import Start
from runtime_manager.model.provider import Invalid, Provider
from runtime_manager.process.output import Output
from runtime_manager.process.usage import Usage
from runtime_manager.supervisor import causes
from runtime_manager.supervisor.changes import Change, Fate, Listed
from runtime_manager.supervisor.events import EventLog
from runtime_manager.supervisor.idleness import Idleness
from runtime_manager.supervisor.roster import Post, Roster
from runtime_manager.supervisor.runner import Runner
from runtime_manager.supervisor.upgrade import Commit, Trials, can_run_twice
from runtime_manager.supervisor.view import ProviderView
from runtime_manager.supervisor.watchers import Watchers
from runtime_manager.supervisor.world import World

_log = structlog.get_logger()


class Supervisor:
    """Runs the providers it was given. `close` stops them all; the caller closes the rest."""

    def __init__(self, world: World, *, new_output: Callable[[Provider], Output]) -> None:
        self._world = world
        self._new_output = new_output
        self._roster = Roster()
        self._watchers = Watchers()
        self._leaving: dict[str, asyncio.Task[None]] = {}
        self._trials = Trials(
            self._roster,
            self._watchers,
            hire=lambda new, old: self._hire(new, old.output, number=old.reserve()),
        )
        self._upgrading: set[str] = set()
        self._replaced: dict[asyncio.Task[None], Post] = {}
        self._is_closing = False

    # What exists.

    def add(self, provider: Provider) -> None:
        """Take on `provider`, at rest; `start_all` or `start` starts it."""
        self._roster.add(self._hire(provider, self._new_output(provider)))
        self.events.publish("provider.added", code=provider.code)

    def _hire(self, provider: Provider, output: Output, *, number: int | None = None) -> Post:
        """Make a runner and start its task; with a `number`, a candidate."""
        runner = Runner(
            provider,
            world=self._world,
            output=output,
            blocked_by=lambda: self._roster.blocking(runner.provider),
            changed=self._changed,
            number=number,
        )
        idleness = Idleness(runner, in_flight=self._world.board.in_flight)
        task = asyncio.get_running_loop().create_task(runner.run(), name=f"runner {provider.code}")
        return Post(runner, idleness, task)

    def add_invalid(self, invalid: Invalid) -> None:
        """List a package that cannot be used, with its reason."""
        self._roster.add_invalid(invalid)
        _log.warning("package.invalid", code=invalid.code, reason=str(invalid.error))

    def listed(self) -> Listed:
        """What is listed now, as a plan of changes needs it."""
        return self._roster.listed()

    def carry_out(self, changes: Iterable[Change]) -> None:
        """Make the changes of a plan; returns at once. What is added is at rest, as by `add`.

        Nothing is changed any more once `close` has begun.
        """
        for change in () if self._is_closing else changes:
            self._carry_out(change)

    def _carry_out(self, change: Change) -> None:
        code, provider = change.code, change.provider
        self._roster.note(code, change.error if change.fate is Fate.KEPT else None)
        if change.fate is Fate.REMOVED:
            self._remove(code)
        elif change.invalid is not None:
            self.add_invalid(change.invalid)
        elif provider is not None and change.fate is Fate.ADDED:
            self.add(provider)
        elif provider is not None:
            is_restart = change.fate is Fate.RESTARTED
            cause = causes.of_change(change.keys) if is_restart else None
            self._roster.reread(provider).runner.adopt(provider, cause=cause)
            self.events.publish("provider.changed", code=code, keys=list(change.keys))
        else:
            _log.warning("package.edit_unusable", code=code, reason=str(change.error))
            self.events.publish("provider.kept", code=code, error=str(change.error))

    async def upgrade(self, provider: Provider, *, settle_s: float, commit: Commit) -> None:
        """Let `provider` stand for the version that runs, once it has been READY for `settle_s`.

        `commit` is awaited when that is so, before any request goes to it. Where nothing runs, it
        is committed and adopted at once. Raises UpgradeError, NotStartableError, and what `commit`
        raises: then the old version is in use as before.
        """
        code = provider.code
        post = self._roster.post(code)
        if code in self._upgrading or code in self._leaving or self._is_closing:
            raise NotStartableError(f"{code} is being changed already", hint="try again later")
        self._upgrading.add(code)
        try:
            if post.runner.instance.wanted is not Wanted.UP:
                await commit()
                self._roster.reread(provider).runner.adopt(provider, cause=None)
            elif can_run_twice(post.runner.provider, provider):
                async with self._trials.beside(provider, settle_s=settle_s) as candidate:
                    await commit()
                    self._swap(post, candidate)
            else:
                await self._trials.in_place(provider, settle_s=settle_s, commit=commit)
        finally:
            self._upgrading.discard(code)
        self.events.publish("provider.upgraded", code=code, version=provider.manifest.version)

    def _swap(self, old: Post, new: Post) -> None:
        """From one route table to the next `new` stands for `old`, which drains and stops.

        Where an operator has stopped the old one meanwhile, it stays stopped, as the new version.
        """
        provider = new.runner.provider
        if old.runner.instance.wanted is not Wanted.UP:
            self._roster.reread(provider).runner.adopt(provider, cause=None)
            return
        old.idleness.close()
        self._roster.add(new)
        new.runner.take_over(old.runner)
        new.idleness.count()
        self._watchers.tell(provider.code)
        task = asyncio.get_running_loop().create_task(self._trials.ended(old))
        self._replaced[task] = old
        task.add_done_callback(self._replaced.pop)

    @property
    def upgrading(self) -> frozenset[str]:
        """The codes whose next version is on trial; nothing else should change them meanwhile."""
        return frozenset(self._upgrading)

    def folders_in_use(self) -> frozenset[Path]:
        """The folders that live programs were started from."""
        posts = (*self._roster, *self._trials.candidates, *self._replaced.values())
        live = [post.runner.live for post in posts]
        return frozenset(one.folder for one in live if one is not None and one.is_alive)

    def refresh(self, code: str, *, changed_files: int) -> None:
        """Restart a provider whose files have changed, if it is there and wanted up."""
        post = self._roster.find(code)
        if post is not None and post.runner.instance.wanted is Wanted.UP:
            post.runner.ask(Event.RESTART, cause=causes.of_files(changed_files))

    async def removed(self, code: str) -> None:
        """Return once nothing of that code is on its way out."""
        if (leaving := self._leaving.get(code)) is not None:
            await asyncio.wait((leaving,))

    def _remove(self, code: str) -> None:
        post = self._roster.find(code)
        if post is None:
            self._roster.remove(code)
            self.events.publish("provider.removed", code=code)
        elif code not in self._leaving:
            task = asyncio.get_running_loop().create_task(self._retire(post))
            self._leaving[code] = task
            task.add_done_callback(lambda _task: self._leaving.pop(code))

    async def _retire(self, post: Post) -> None:
        """Stop it, whoever else asks for it meanwhile, and forget it."""
        code = post.runner.provider.code
        post.runner.ask(Event.STOP, cause=causes.REMOVED)
        await self._trials.ended(post)
        post.runner.output.close()
        self._world.board.drop(code)
        self._roster.remove(code)
        self.events.publish("provider.removed", code=code)
        self._watchers.tell(code)

    # What is asked of them.

    def start_all(self, codes: Collection[str] | None = None) -> None:
        """Ask for every provider that starts by itself, or those of `codes` that do.

        Those with dependencies wait for them.
        """
        for post in self._roster:
            provider = post.runner.provider
            if provider.start is Start.AUTO and (codes is None or provider.code in codes):
                self.start(provider.code)

    def start(self, code: str) -> None:
        """Ask for a start; returns at once. Raises UnknownCodeError, NotStartableError."""
        self._ask(code, Event.START)

    def stop(self, code: str) -> None:
        """Ask for a stop; no request wakes it after that. Raises as `start` does."""
        self._roster.post(code).runner.ask(Event.STOP)

    def restart(self, code: str) -> None:
        """Ask for a restart. Raises as `start` does."""
        self._ask(code, Event.RESTART)

    def wake(self, code: str) -> None:
        """A request came for an on-demand provider at rest: start it; else do nothing."""
        post = self._roster.find(code)
        if post and post.runner.instance.wanted is Wanted.ON_DEMAND and not self._is_closing:
            self._ask(code, Event.START)

    def settled(self, code: str, generation: int) -> None:
        """Nothing is under way to that generation any more."""
        post = self._roster.find(code)
        if post and post.runner.instance.generation == generation:
            post.idleness.count()

    def _ask(self, code: str, event: Event) -> None:
        """Ask for one to come up, and for those it depends on that rest until a request comes."""
        runner = self._roster.post(code).runner
        if code in self._leaving:
            raise NotStartableError(f"{code} is being removed", hint="its package is gone")
        for dependency in runner.provider.manifest.depends_on:
            self.wake(dependency)
        runner.ask(event)

    # What is told of them.

    @property
    def events(self) -> EventLog:
        """What happens, numbered."""
        return self._world.events

    def views(self) -> tuple[ProviderView, ...]:
        """All that is listed, by code."""
        return self._roster.views()

    def view(self, code: str) -> ProviderView:
        """One provider as it is now. Raises UnknownCodeError."""
        return self._roster.view(code)

    def routes(self) -> RouteTable:
        """The newest route table."""
        return self._world.board.table

    def output(self, code: str) -> Output:
        """What its programs print. Raises UnknownCodeError, NotStartableError."""
        return self._roster.post(code).runner.output

    def usage(self, code: str) -> Usage | None:
        """What its process tree uses, None without one. Blocks: call it in a thread."""
        live = self._roster.post(code).runner.live
        return live.usage() if live is not None else None

    async def wait(
        self, code: str, *, until: Callable[[ProviderView], bool], timeout_s: float
    ) -> ProviderView:
        """The provider once `until` holds for it. Raises WaitTimeoutError, UnknownCodeError."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._watchers.until(code, lambda: until(self.view(code)))
                return self.view(code)
        except TimeoutError:
            state = self.view(code).state
            raise WaitTimeoutError(
                f"{code} is still {state} after {timeout_s:g} s",
                hint=f"rtm status {code} tells why",
                state=state,
            ) from None

    # The end.

    async def close(self, hurry: asyncio.Event, *, timeout_s: float) -> None:
        """Stop all, dependents first; after `timeout_s`, or once `hurry` is set, kill what is left.

        Returns once every process is reaped and swept. Safe to call twice.
        """
        self._is_closing = True
        leaving = (*self._leaving.values(), *self._replaced)
        stopping = asyncio.ensure_future(self._stop_all())
        hurried = asyncio.ensure_future(hurry.wait())
        await asyncio.wait(
            (stopping, hurried), timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED
        )
        if not stopping.done():
            _log.warning("shutdown.cut", hurried=hurry.is_set(), after_s=timeout_s)
        everyone = (*self._roster, *self._trials.candidates, *self._replaced.values())
        for post in everyone:
            post.idleness.close()
        await _cancelled(stopping, hurried, *leaving, *(post.task for post in everyone))
        for post in self._roster:
            post.runner.output.close()

    async def _stop_all(self) -> None:
        for candidate in self._trials.candidates:
            candidate.runner.ask(Event.STOP, cause=causes.SHUTDOWN)
        posts = (*self._roster, *self._trials.candidates)
        await asyncio.gather(
            *(self._stop_after_dependents(post) for post in posts), *self._replaced
        )

    async def _stop_after_dependents(self, post: Post) -> None:
        for dependent in self._roster.dependents(post.runner.provider.code):
            await self._ended(dependent)
        post.runner.ask(Event.STOP, cause=causes.SHUTDOWN)
        await self._ended(post)

    async def _ended(self, post: Post) -> None:
        await self._watchers.until(post.runner.provider.code, lambda: post.has_ended)

    # Changes.

    def _changed(self, runner: Runner, before: Instance) -> None:
        code = runner.provider.code
        self._watchers.tell(code)
        post = self._roster.find(code)
        if post is None or post.runner is not runner:
            return  # a candidate, or one that a candidate has replaced
        if runner.instance.state is State.READY and before.state is not State.READY:
            self._became_ready(code)
        elif runner.instance.policy is not before.policy:
            post.idleness.count()

    def _became_ready(self, code: str) -> None:
        """Count its idleness from now on, and start those that wait for it."""
        post = self._roster.find(code)
        if post is not None:
            post.idleness.count()
        for dependent in () if self._is_closing else self._roster.dependents(code):
            if dependent.is_waiting:
                dependent.runner.ask(Event.START)


async def _cancelled(*tasks: asyncio.Future[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
