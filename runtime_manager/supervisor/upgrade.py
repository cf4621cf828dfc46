"""Lets a new version of a running provider prove itself before it takes the old one's place.

A candidate runs beside the old one, under another number and without a route. Whatever becomes of
it, requests go to the old one until the one route table that leads to the new.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from runtime_manager.errors import UpgradeError
from runtime_manager.lifecycle.table import Event, State, Wanted
from runtime_manager.model.manifest import Upgrade
from runtime_manager.model.provider import Provider
from runtime_manager.supervisor import causes
from runtime_manager.supervisor.roster import Post, Roster
from runtime_manager.supervisor.runner import Runner
from runtime_manager.supervisor.watchers import Watchers

_DOWN = frozenset({State.STOPPED, State.BACKOFF, State.FAILED, State.STOPPING})
_LAST_WORDS = 5

Commit = Callable[[], Awaitable[None]]


def can_run_twice(old: Provider, new: Provider) -> bool:
    """Whether the two can run beside each other: neither says no, and no fixed port is theirs."""
    if Upgrade.REPLACE in (old.manifest.upgrade, new.manifest.upgrade):
        return False
    return not new.manifest.port or new.manifest.port != old.manifest.port


class Trials:
    """The upgrades of one supervisor. `hire` makes a candidate's post beside a runner."""

    def __init__(
        self, roster: Roster, watchers: Watchers, *, hire: Callable[[Provider, Runner], Post]
    ) -> None:
        self._roster = roster
        self._watchers = watchers
        self._hire = hire
        self._candidates: set[Post] = set()

    @property
    def candidates(self) -> frozenset[Post]:
        """Those that have not taken over."""
        return frozenset(self._candidates)

    @asynccontextmanager
    async def beside(self, provider: Provider, *, settle_s: float) -> AsyncIterator[Post]:
        """A candidate that has been READY for `settle_s`; it ends here unless it takes over.

        Raises UpgradeError where it did not come to that.
        """
        post = self._hire(provider, self._roster.post(provider.code).runner)
        self._candidates.add(post)
        try:
            before = post.runner.instance.generation
            post.runner.ask(Event.START)
            await self._proved(post.runner, settle_s=settle_s, after=before)
            yield post
        finally:
            if self._roster.find(provider.code) is not post:
                post.runner.ask(Event.STOP, cause=causes.REPLACED)
                await self.ended(post)
            self._candidates.discard(post)

    async def in_place(self, provider: Provider, *, settle_s: float, commit: Commit) -> None:
        """Stop the old version, start the new, `commit`; the old is put back where that fails.

        For those that cannot run twice; the runner stays.
        """
        runner = self._roster.post(provider.code).runner
        old, generation = runner.provider, runner.instance.generation
        self._roster.reread(provider).runner.adopt(provider, cause=causes.of_change(("version",)))
        try:
            await self._proved(runner, settle_s=settle_s, after=generation)
            await commit()
        except BaseException:
            self._roster.reread(old).runner.adopt(old, cause=causes.PUT_BACK)
            raise

    async def ended(self, post: Post) -> None:
        """Return once nothing of a post that was asked to stop runs any more, nor its task."""
        try:
            await self._watchers.until(post.runner.provider.code, lambda: post.has_ended)
        finally:
            post.idleness.close()
            post.task.cancel()
            await asyncio.gather(post.task, return_exceptions=True)

    async def _proved(self, runner: Runner, *, settle_s: float, after: int) -> None:
        """Return once it has been READY for `settle_s`, with a generation above `after`."""
        with self._watchers.watching(runner.provider.code) as change:
            loop, good_at = asyncio.get_running_loop(), float("inf")
            while loop.time() < good_at:
                change.clear()
                instance = runner.instance
                is_new = instance.generation > after
                if is_new and (instance.state in _DOWN or instance.wanted is not Wanted.UP):
                    raise _refusal(runner)
                if not is_new or instance.state is not State.READY:
                    good_at = float("inf")
                else:
                    good_at = min(good_at, loop.time() + settle_s)
                await _set_before(change, good_at)


async def _set_before(change: asyncio.Event, deadline: float) -> None:
    """Return once `change` is set, or at `deadline` by the loop's clock."""
    try:
        async with asyncio.timeout_at(None if deadline == float("inf") else deadline):
            await change.wait()
    except TimeoutError:
        return


def _refusal(runner: Runner) -> UpgradeError:
    manifest, cause = runner.provider.manifest, runner.story.cause
    why = cause.message if cause else f"it is {runner.instance.state}"
    words = runner.stderr_tail()[-_LAST_WORDS:]
    said = f"; its last words: {' | '.join(words)}" if words else ""
    return UpgradeError(
        f"{manifest.code} {manifest.version} did not come up: {why}{said}",
        hint="the version before it is still in use",
        kind="upgrade-refused",
        cause=cause.kind if cause else "",
    )
