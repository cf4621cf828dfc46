"""The life of one instance, as a table: no clock, no process, no I/O. All of it is in this file.

An instance *is* in a state and is *wanted* up, down, or on demand; the two are kept apart, so that
nothing an operator asked for is lost while a process takes its time. Whatever happens is one of
eight events. Three are asked for (start, stop, restart), five are seen (a spawn that failed, a
probe that passed or failed, an exit, a deadline that came). `step` takes an instance and an input
and gives the next instance with the effects to carry out, in order. It is the only place where a
state changes.

Facts can be late. A probe's answer may arrive after the process it spoke of was reaped, a timer
may fire while it is being cancelled. So each fact carries the generation (the n-th spawn) it is
about, a deadline also the number of the timer that armed it, and an exit closes its generation:
what is late is recognised, never guessed at. What is neither in the table, nor ignored, nor late
cannot happen; `step` raises IllegalEventError, which fails a test and which production logs.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from runtime_manager.lifecycle.budget import Budget
from runtime_manager.model.parts import RestartPolicy


class State(enum.StrEnum):
    """Where an instance is. Its route is open in READY and in no other state."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    UNHEALTHY = "unhealthy"
    STOPPING = "stopping"
    BACKOFF = "backoff"
    FAILED = "failed"


LIVE = frozenset({State.STARTING, State.READY, State.UNHEALTHY, State.STOPPING})
"""States in which a process of the current generation may exist."""

TIMED = frozenset({State.STARTING, State.UNHEALTHY, State.STOPPING, State.BACKOFF})
"""States that a deadline ends: a timer is armed in these, and in no other."""


class Wanted(enum.StrEnum):
    """What should be. ON_DEMAND: down until a request asks; DOWN: down, whoever asks by request."""

    UP = "up"
    DOWN = "down"
    ON_DEMAND = "on-demand"


class Event(enum.StrEnum):
    """All that can happen to an instance."""

    START = "start"
    STOP = "stop"
    RESTART = "restart"
    SPAWN_FAILED = "spawn_failed"
    PROBE_PASSED = "probe_passed"
    PROBE_FAILED = "probe_failed"
    EXITED = "exited"
    DEADLINE = "deadline"


ASKED = frozenset({Event.START, Event.STOP, Event.RESTART})
"""Events somebody asks for; the others are seen, and belong to a generation."""


class Effect(enum.StrEnum):
    """What the runner must do. TERM closes the route and drains before it signals the group."""

    SPAWN = "spawn"
    TERM = "term"
    KILL = "kill"
    ARM_START = "arm_start"
    ARM_STOP = "arm_stop"
    ARM_KILL = "arm_kill"
    ARM_UNHEALTHY = "arm_unhealthy"
    ARM_BACKOFF = "arm_backoff"
    DISARM = "disarm"


@dataclass(frozen=True, slots=True)
class Policy:
    """The manifest's say in the matter."""

    restart: RestartPolicy = RestartPolicy.ON_FAILURE
    budget: Budget = field(default_factory=Budget)
    unhealthy_after: int = 3
    at_rest: Wanted = Wanted.DOWN


@dataclass(frozen=True, slots=True)
class Input:
    """One event at monotonic second `at`.

    `generation` is 0 for what is asked, `timer` for all but deadlines. `wanted` is what a start or
    stop leaves wanted, None for the event's own meaning. `is_clean`: the exit was status 0.
    `is_permanent`: the spawn failed in a way that trying again cannot mend. `is_scarcity`: it
    failed for want of something of the daemon's own, and is tried for as long as that takes.
    """

    event: Event
    at: float
    generation: int = 0
    timer: int = 0
    wanted: Wanted | None = None
    is_clean: bool = False
    is_permanent: bool = False
    is_scarcity: bool = False


@dataclass(frozen=True, slots=True)
class Instance:
    """One provider's life at one moment.

    `timer` numbers the timer armed last; disarming numbers on. `failures` are those the budget
    still counts. `ready_at` is None outside READY. `is_failing`: the stop under way is ours, after
    a failure, not asked for. Generations up to `reserved` are another runner's.
    """

    policy: Policy
    state: State = State.STOPPED
    wanted: Wanted = Wanted.DOWN
    generation: int = 0
    timer: int = 0
    failed_probes: int = 0
    failures: int = 0
    ready_at: float | None = None
    is_failing: bool = False
    reserved: int = 0


class IllegalEventError(AssertionError):
    """An event that cannot happen in this state: a fault of the runner."""


Guard = Callable[[Instance, Input], bool]


def always(_i: Instance, _e: Input) -> bool:
    """Otherwise."""
    return True


def not_wanted_up(i: Instance, _e: Input) -> bool:
    """Nobody wants it up any more."""
    return i.wanted is not Wanted.UP


def asked(i: Instance, _e: Input) -> bool:
    """The stop was asked for, so that no failure is held against it."""
    return not i.is_failing


def done(i: Instance, e: Input) -> bool:
    """It ended well and is not to be restarted for that."""
    return e.is_clean and i.policy.restart is not RestartPolicy.ALWAYS


def budget_left(i: Instance, e: Input) -> bool:
    """Trying again may help, and may be tried."""
    if e.is_permanent or i.policy.restart is RestartPolicy.NEVER:
        return False
    return e.is_scarcity or i.policy.budget.is_left(_counted(i, e.at))


def one_too_many(i: Instance, _e: Input) -> bool:
    """This failed probe makes it unhealthy."""
    return i.failed_probes + 1 >= i.policy.unhealthy_after


@dataclass(frozen=True, slots=True)
class Row:
    """In `state`, on `event`, when `guard` holds: go `to` and carry out `effects`."""

    state: State
    event: Event
    guard: Guard
    to: State
    effects: tuple[Effect, ...] = ()


S, E, F = State, Event, Effect
_START = (F.SPAWN, F.ARM_START)
_STOP = (F.TERM, F.ARM_STOP)
_REST = (F.ARM_BACKOFF,)
_OFF = (F.DISARM,)

# fmt: off
TABLE: tuple[Row, ...] = (
    Row(S.STOPPED,   E.START,        always,        S.STARTING,  _START),
    Row(S.STOPPED,   E.RESTART,      always,        S.STARTING,  _START),
    Row(S.STARTING,  E.STOP,         always,        S.STOPPING,  _STOP),
    Row(S.STARTING,  E.RESTART,      always,        S.STOPPING,  _STOP),
    Row(S.STARTING,  E.SPAWN_FAILED, budget_left,   S.BACKOFF,   _REST),
    Row(S.STARTING,  E.SPAWN_FAILED, always,        S.FAILED,    _OFF),
    Row(S.STARTING,  E.PROBE_PASSED, always,        S.READY,     _OFF),
    Row(S.STARTING,  E.EXITED,       budget_left,   S.BACKOFF,   _REST),
    Row(S.STARTING,  E.EXITED,       always,        S.FAILED,    _OFF),
    Row(S.STARTING,  E.DEADLINE,     always,        S.STOPPING,  _STOP),
    Row(S.READY,     E.STOP,         always,        S.STOPPING,  _STOP),
    Row(S.READY,     E.RESTART,      always,        S.STOPPING,  _STOP),
    Row(S.READY,     E.PROBE_PASSED, always,        S.READY),
    Row(S.READY,     E.PROBE_FAILED, one_too_many,  S.UNHEALTHY, (F.ARM_UNHEALTHY,)),
    Row(S.READY,     E.PROBE_FAILED, always,        S.READY),
    Row(S.READY,     E.EXITED,       done,          S.STOPPED),
    Row(S.READY,     E.EXITED,       budget_left,   S.BACKOFF,   _REST),
    Row(S.READY,     E.EXITED,       always,        S.FAILED),
    Row(S.UNHEALTHY, E.STOP,         always,        S.STOPPING,  _STOP),
    Row(S.UNHEALTHY, E.RESTART,      always,        S.STOPPING,  _STOP),
    Row(S.UNHEALTHY, E.PROBE_PASSED, always,        S.READY,     _OFF),
    Row(S.UNHEALTHY, E.EXITED,       done,          S.STOPPED,   _OFF),
    Row(S.UNHEALTHY, E.EXITED,       budget_left,   S.BACKOFF,   _REST),
    Row(S.UNHEALTHY, E.EXITED,       always,        S.FAILED,    _OFF),
    Row(S.UNHEALTHY, E.DEADLINE,     always,        S.STOPPING,  _STOP),
    Row(S.STOPPING,  E.START,        always,        S.STOPPING),
    Row(S.STOPPING,  E.STOP,         always,        S.STOPPING),
    Row(S.STOPPING,  E.RESTART,      always,        S.STOPPING),
    Row(S.STOPPING,  E.EXITED,       not_wanted_up, S.STOPPED,   _OFF),
    Row(S.STOPPING,  E.EXITED,       asked,         S.STARTING,  _START),
    Row(S.STOPPING,  E.EXITED,       budget_left,   S.BACKOFF,   _REST),
    Row(S.STOPPING,  E.EXITED,       always,        S.FAILED,    _OFF),
    Row(S.STOPPING,  E.DEADLINE,     always,        S.STOPPING,  (F.KILL, F.ARM_KILL)),
    Row(S.BACKOFF,   E.START,        always,        S.STARTING,  _START),
    Row(S.BACKOFF,   E.STOP,         always,        S.STOPPED,   _OFF),
    Row(S.BACKOFF,   E.RESTART,      always,        S.STARTING,  _START),
    Row(S.BACKOFF,   E.DEADLINE,     always,        S.STARTING,  _START),
    Row(S.FAILED,    E.START,        always,        S.STARTING,  _START),
    Row(S.FAILED,    E.STOP,         always,        S.STOPPED),
    Row(S.FAILED,    E.RESTART,      always,        S.STARTING,  _START),
)
# fmt: on

IGNORED: frozenset[tuple[State, Event]] = frozenset(
    {
        (S.STOPPED, E.STOP),
        (S.STARTING, E.START),
        (S.STARTING, E.PROBE_FAILED),
        (S.READY, E.START),
        (S.UNHEALTHY, E.START),
        (S.UNHEALTHY, E.PROBE_FAILED),
        (S.STOPPING, E.PROBE_PASSED),
        (S.STOPPING, E.PROBE_FAILED),
    }
)
"""Pairs that may happen and change nothing but what is wanted."""


def _by_pair() -> MappingProxyType[tuple[State, Event], tuple[Row, ...]]:
    pairs: dict[tuple[State, Event], tuple[Row, ...]] = {}
    for row in TABLE:
        pair = (row.state, row.event)
        pairs[pair] = (*pairs.get(pair, ()), row)
    return MappingProxyType(pairs)


_ROWS = _by_pair()


def step(i: Instance, e: Input) -> tuple[Instance, tuple[Effect, ...]]:
    """Take one input: the instance as it is after it, and what to do, in order.

    What is late changes nothing. Raises IllegalEventError for what cannot happen.
    """
    if _is_late(i, e):
        return i, ()
    if e.event in ASKED:
        i = replace(i, wanted=_wanted_after(e))
    if (i.state, e.event) in IGNORED:
        return i, ()
    for row in _ROWS.get((i.state, e.event), ()):
        if row.guard(i, e) and not _is_early(i, e):
            return _after(i, row, e), row.effects
    raise IllegalEventError(f"{e.event} while {i.state}, generation {e.generation}")


def _wanted_after(e: Input) -> Wanted:
    if e.wanted is not None:
        return e.wanted
    return Wanted.DOWN if e.event is E.STOP else Wanted.UP


def _is_late(i: Instance, e: Input) -> bool:
    if e.event in ASKED:
        return False
    if e.event is E.DEADLINE:
        return e.timer < i.timer
    return e.generation < i.generation or (e.generation == i.generation and i.state not in LIVE)


def _is_early(i: Instance, e: Input) -> bool:
    return e.generation > i.generation or e.timer > i.timer


def _counted(i: Instance, at: float) -> int:
    """The failures that count at `at`, where a long spell of READY may have forgotten them."""
    if i.ready_at is None:
        return i.failures
    return i.policy.budget.after_ready(i.failures, ready_for_s=at - i.ready_at)


def _after(i: Instance, row: Row, e: Input) -> Instance:
    """The instance once `row` was taken: each line is one field's whole rule."""
    is_spawning, is_asked = F.SPAWN in row.effects, e.event in ASKED
    leaves_ready = i.state is S.READY and row.to is not S.READY
    failures = _counted(i, e.at) if leaves_ready else i.failures
    if row.to is S.BACKOFF:
        failures = i.policy.budget.after_failure(failures, is_ours=e.is_scarcity)
    elif is_asked or row.to is S.STOPPED:
        failures = 0
    return replace(
        i,
        state=row.to,
        wanted=_wanted_in(row, i),
        generation=max(i.generation, i.reserved) + 1 if is_spawning else i.generation,
        timer=i.timer + any(effect is F.DISARM or effect in _ARMS for effect in row.effects),
        failed_probes=i.failed_probes + 1 if e.event is E.PROBE_FAILED else 0,
        failures=failures,
        ready_at=_ready_at(i, row, e),
        is_failing=_is_failing(i, row, is_asked=is_asked),
    )


_ARMS = frozenset({F.ARM_START, F.ARM_STOP, F.ARM_KILL, F.ARM_UNHEALTHY, F.ARM_BACKOFF})


def _wanted_in(row: Row, i: Instance) -> Wanted:
    """What ended well by itself is not wanted up any more; it rests as its manifest says."""
    return i.policy.at_rest if row.guard is done else i.wanted


def _ready_at(i: Instance, row: Row, e: Input) -> float | None:
    if row.to is not S.READY:
        return None
    return e.at if i.ready_at is None else i.ready_at


def _is_failing(i: Instance, row: Row, *, is_asked: bool) -> bool:
    if row.to is not S.STOPPING or is_asked:
        return False
    return i.is_failing or row.state is not S.STOPPING
