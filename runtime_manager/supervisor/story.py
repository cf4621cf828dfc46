"""What a person wants to know of an instance beside its state: since when, and why. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from runtime_manager.lifecycle.table import ASKED, Event, Input, Instance, State, Wanted
from runtime_manager.supervisor.causes import NOT_STARTED, ON_DEMAND
from runtime_manager.supervisor.view import Cause, Exit

_EXITS = 5


@dataclass(frozen=True, slots=True)
class Story:
    """`since` is the time of the state; `started_at` and `rest_until` are monotonic seconds;
    `retry_at` is the UTC time at which the last back-off ends, or ended.

    `cause` is None while all is as it should be. `restarts` counts those nobody asked for since
    the last start somebody did. `started_in_s` is how long READY took to come, None before that.
    `warnings` are of this generation, one of a kind.
    """

    since: datetime
    cause: Cause | None = None
    restarts: int = 0
    exits: tuple[Exit, ...] = ()
    last_probe: str | None = None
    started_at: float = 0.0
    started_in_s: float | None = None
    rest_until: float = 0.0
    retry_at: datetime | None = None
    warnings: tuple[Cause, ...] = ()

    @property
    def last_exit(self) -> str | None:
        """How the newest generation that has ended did so."""
        return self.exits[-1].status if self.exits else None

    def with_exit(self, exit_: Exit) -> Story:
        """The story with one more exit; the oldest beyond the last few are forgotten."""
        return replace(self, exits=(*self.exits, exit_)[-_EXITS:])

    def with_warning(self, warning: Cause) -> Story:
        """The story with one more warning, in the place of an earlier one of its kind."""
        by_kind = {known.kind: known for known in self.warnings} | {warning.kind: warning}
        return replace(self, warnings=tuple(by_kind.values()))

    def without_warning(self, kind: str) -> Story:
        """The story without the warning of that kind, if it has one."""
        return replace(self, warnings=tuple(one for one in self.warnings if one.kind != kind))

    def warns_of(self, kind: str) -> bool:
        """Whether there is a warning of that kind."""
        return any(one.kind == kind for one in self.warnings)


def first(wanted: Wanted, now: datetime) -> Story:
    """The story of an instance that has never been started."""
    return Story(now, cause=ON_DEMAND if wanted is Wanted.ON_DEMAND else NOT_STARTED)


def after(
    story: Story,
    *,
    before: Instance,
    now: Instance,
    seen: Input,
    cause: Cause | None,
    at: datetime,
) -> Story:
    """The story once `seen` took it from `before` to `now`; `cause` is what that brought."""
    if now.generation > before.generation:
        story = _spawned(story, seen)
    if now.state is State.READY and before.state is State.STARTING:
        story = replace(story, started_in_s=seen.at - story.started_at)
    if (now.state, now.wanted) == (before.state, before.wanted):
        return story
    since = story.since if now.state is before.state else at
    return replace(story, since=since, cause=_cause(story, before, now, seen, cause))


def _spawned(story: Story, seen: Input) -> Story:
    """A deadline that spawns ends a back-off: a restart nobody asked for."""
    restarts = story.restarts + 1 if seen.event is Event.DEADLINE else 0
    return replace(
        story,
        started_at=seen.at,
        started_in_s=None,
        last_probe=None,
        restarts=restarts,
        warnings=(),
    )


def _cause(
    story: Story, before: Instance, now: Instance, seen: Input, brought: Cause | None
) -> Cause | None:
    """Why it is in the state it came into. An exit that ends a stop tells nothing new."""
    if now.state is State.READY:
        return None
    if seen.event is Event.START:
        return None if now.state is State.STARTING else story.cause
    if seen.event in ASKED:
        return brought
    if before.state is State.STOPPING:
        return None if now.state is State.STARTING else story.cause
    return brought or story.cause
