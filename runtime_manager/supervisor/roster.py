"""Who is supervised: the runners and the packages that cannot run, by code."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Iterator
from dataclasses import dataclass

from runtime_manager.errors import InputError, NotStartableError, UnknownCodeError
from runtime_manager.lifecycle.table import State, Wanted
from runtime_manager.model.provider import Invalid, Provider
from runtime_manager.supervisor import viewing
from runtime_manager.supervisor.changes import Listed, Standing
from runtime_manager.supervisor.idleness import Idleness
from runtime_manager.supervisor.runner import Runner
from runtime_manager.supervisor.view import ProviderView

_FAILED = frozenset({State.BACKOFF, State.FAILED})
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
        self._broken: dict[str, InputError] = {}
        self._readings: dict[str, Provider] = {}

    def __iter__(self) -> Iterator[Post]:
        return iter(tuple(self._posts.values()))

    def add(self, post: Post) -> None:
        """Take on a post."""
        self._invalid.pop(post.runner.provider.code, None)
        self._posts[post.runner.provider.code] = post
        self._readings[post.runner.provider.code] = post.runner.provider

    def reread(self, provider: Provider) -> Post:
        """Note the newest usable reading of a package, which its runner is about to adopt."""
        self._readings[provider.code] = provider
        return self._posts[provider.code]

    def add_invalid(self, invalid: Invalid) -> None:
        """List what cannot run."""
        self._invalid[invalid.code] = invalid

    def note(self, code: str, error: InputError | None) -> None:
        """Why the newest reading of a package is not what its post goes by; None: it is."""
        if error is None:
            self._broken.pop(code, None)
        else:
            self._broken[code] = error

    def remove(self, code: str) -> None:
        """List it no more."""
        for listed in (self._posts, self._invalid, self._broken, self._readings):
            listed.pop(code, None)

    def listed(self) -> Listed:
        """All that is listed, as it stands."""
        standing = {
            code: Standing(
                self._readings[code],
                is_wanted_up=post.runner.instance.wanted is Wanted.UP,
                has_failed=post.runner.instance.state in _FAILED,
            )
            for code, post in self._posts.items()
        }
        return Listed(standing, dict(self._invalid), dict(self._broken))

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
            error = self._broken.get(code)
            return viewing.of_runner(self._posts[code].runner, manifest_error=error)
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
