"""Who is supervised: the runners and the packages that cannot run, by code."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Iterator
from dataclasses import dataclass

from runtime_manager.errors import NotStartableError, UnknownCodeError
from runtime_manager.lifecycle.table import State, Wanted
from runtime_manager.model.provider import Invalid, Provider
from runtime_manager.supervisor import viewing
from runtime_manager.supervisor.idleness import Idleness
from runtime_manager.supervisor.runner import Runner
from runtime_manager.supervisor.view import ProviderView

_AT_REST = frozenset({State.STOPPED, State.FAILED})


@dataclass(frozen=True, slots=True)
class Post:
    """A runner, the task that runs it, and what watches for its idleness."""

    runner: Runner
    idleness: Idleness
    task: asyncio.Task[None]

    @property
    def is_ready(self) -> bool:
        """Whether it serves."""
        return self.runner.instance.state is State.READY

    @property
    def is_waiting(self) -> bool:
        """Whether it is wanted up and has not been started: its dependencies were not ready."""
        instance = self.runner.instance
        return instance.state is State.STOPPED and instance.wanted is Wanted.UP

    @property
    def has_ended(self) -> bool:
        """Whether it is at rest for good: nothing of it runs, and nothing wakes it."""
        instance = self.runner.instance
        is_down = instance.state in _AT_REST and instance.wanted is Wanted.DOWN
        return is_down or self.task.done()


class Roster:
    """Posts and invalid packages; a code is in one of the two."""

    def __init__(self) -> None:
        self._posts: dict[str, Post] = {}
        self._invalid: dict[str, Invalid] = {}

    def __iter__(self) -> Iterator[Post]:
        return iter(tuple(self._posts.values()))

    def add(self, post: Post) -> None:
        """Take on a post."""
        self._posts[post.runner.provider.code] = post

    def add_invalid(self, invalid: Invalid) -> None:
        """List what cannot run."""
        self._invalid[invalid.code] = invalid

    def find(self, code: str) -> Post | None:
        """The post of `code`; None where nothing of that name can run."""
        return self._posts.get(code)

    def post(self, code: str) -> Post:
        """The post of `code`. Raises UnknownCodeError, NotStartableError."""
        if code in self._invalid:
            error = self._invalid[code].error
            raise NotStartableError(f"{code} is invalid: {error.message}", hint=error.hint)
        if code not in self._posts:
            raise self._unknown(code)
        return self._posts[code]

    def views(self) -> tuple[ProviderView, ...]:
        """All that is listed, by code."""
        return tuple(self.view(code) for code in sorted({*self._posts, *self._invalid}))

    def view(self, code: str) -> ProviderView:
        """One of them as it is now. Raises UnknownCodeError."""
        if code in self._posts:
            return viewing.of_runner(self._posts[code].runner)
        if code in self._invalid:
            return viewing.of_invalid(self._invalid[code])
        raise self._unknown(code)

    def dependents(self, code: str) -> list[Post]:
        """Those that must not run without `code`."""
        return [p for p in self._posts.values() if code in p.runner.provider.manifest.depends_on]

    def blocking(self, provider: Provider) -> tuple[str, ...]:
        """The dependencies of `provider` that are not ready."""
        needed = provider.manifest.depends_on
        return tuple(c for c in needed if not (c in self._posts and self._posts[c].is_ready))

    def _unknown(self, code: str) -> UnknownCodeError:
        near = difflib.get_close_matches(code, {*self._posts, *self._invalid}, n=1)
        hint = f"did you mean {near[0]}?" if near else "rtm list shows what there is"
        return UnknownCodeError(f"no provider is called {code!r}", hint=hint)
