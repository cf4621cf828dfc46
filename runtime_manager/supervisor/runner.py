"""The one task that may change an instance and signal its process; all others leave it a message.

Messages are taken one at a time: the table decides, the effects are carried out in order, and a
spawn that failed is taken before the next message. A stop is a message too, never a cancellation.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from functools import partial

import structlog

from runtime_manager.errors import SpawnError
from runtime_manager.gateway.flow import Traffic
from runtime_manager.lifecycle.table import (
    LIVE,
    Effect,
    Event,
    IllegalEventError,
    Input,
    Instance,
    State,
    Wanted,
    step,
)
from runtime_manager.lifecycle.verdict import of_notification, of_probe
from runtime_manager.model.manifest import Manifest
from runtime_manager.model.provider import Provider
from runtime_manager.process.output import Output
from runtime_manager.process.probe import ProbeResult
from runtime_manager.supervisor import causes, policy, story
from runtime_manager.supervisor.alarm import Alarm
from runtime_manager.supervisor.generation import Generation
from runtime_manager.supervisor.herald import Herald
from runtime_manager.supervisor.messages import Adoption, Message, Remark
from runtime_manager.supervisor.view import Cause, Exit
from runtime_manager.supervisor.world import World

_log = structlog.get_logger()
_KILL_AGAIN_S = 1.0
_LAST_WORDS = 20
_STARTS = frozenset({Event.START, Event.RESTART})
_ANSWERABLE = frozenset({State.STARTING, State.UNHEALTHY})


class Runner:
    """Runs one provider: `ask` leaves a message, `run` is its task.

    `blocked_by` gives the codes a start has to wait for. `changed` is called after each change of
    the instance, in the runner's task. With a `number` it is a candidate, whose only spawn has that
    number: it has no route, and no second try, until `take_over`.
    """

    def __init__(
        self,
        provider: Provider,
        *,
        world: World,
        output: Output,
        blocked_by: Callable[[], tuple[str, ...]],
        changed: Callable[[Runner, Instance], None],
        number: int | None = None,
    ) -> None:
        self.provider = provider
        self.output = output
        self.instance = policy.first_instance(provider, number)
        self.story = story.first(self.instance.wanted, world.clock.now())
        self.live: Generation | None = None
        self._world = world
        self._berths = world.launcher.berths(provider)
        self._herald = Herald(
            provider, board=world.board, events=world.events, is_silent=number is not None
        )
        self._blocked_by = blocked_by
        self._changed = changed
        self._inbox: asyncio.Queue[Message | Adoption | Remark] = asyncio.Queue()
        self._alarm = Alarm()
        self._tasks: set[asyncio.Task[None]] = set()

    def ask(
        self, event: Event, *, wanted: Wanted | None = None, cause: Cause | None = None
    ) -> None:
        """Leave a start, stop or restart; returns at once. `cause` is told instead of the usual."""
        asked = Input(event, self._world.clock.monotonic(), wanted=wanted)
        self._inbox.put_nowait(Message(asked, cause or causes.of_ask(event, wanted)))

    def adopt(self, provider: Provider, *, cause: Cause | None) -> None:
        """Go by another reading of the package; with a `cause`, restart what is wanted up."""
        self._inbox.put_nowait(Adoption(provider, cause))

    def reserve(self) -> int:
        """The number of a candidate's spawn, which none of this runner's will have."""
        number = max(self.instance.generation, self.instance.reserved) + 1
        self.instance = replace(self.instance, reserved=number)
        return number

    def take_over(self, old: Runner) -> None:
        """Stand for `old` from now on: its route leads here, and it ends once that is known."""
        used = max(old.instance.generation, old.instance.reserved)
        self.instance = replace(self.instance, policy=policy.of(self.provider), reserved=used)
        old.step_down()
        self._herald.is_silent = False
        self._put_route()
        old.ask(Event.STOP, cause=causes.REPLACED)

    def step_down(self) -> None:
        """Say nothing more: another speaks for the provider."""
        self._herald.is_silent = True

    def kill(self) -> None:
        """SIGKILL the group now, whatever the state; its exit is told as any other."""
        if self.live is not None:
            self.live.kill()

    @property
    def traffic(self) -> Traffic:
        """What the gateway forwards to it, and has forwarded."""
        return self._world.board.traffic(self.provider.code)

    def stderr_tail(self) -> tuple[str, ...]:
        """The last words of the newest generation."""
        generation = self.instance.generation
        lines = self.output.tail(_LAST_WORDS, stream="stderr", generation=generation)
        return tuple(line.text for line in lines)

    async def run(self) -> None:
        """Own the instance until cancelled; a process still alive then is killed and reaped."""
        self._put_route()
        try:
            while True:
                match await self._inbox.get():
                    case Message() as message if message.input.event in _STARTS:
                        await self._world.start_in_turn(partial(self._take, message))
                    case Message() as message:
                        self._take(message)
                    case Adoption() as adoption:
                        self._adopt(adoption)
                    case Remark() as remark:
                        self._note(remark)
        finally:
            self._alarm.cancel()
            self.kill()
            if self._tasks:
                await asyncio.wait(self._tasks)
            self._berths.close()

    # What a generation tells its runner.

    def probed(self, generation: int, result: ProbeResult) -> None:
        """A probe of `generation` came back."""
        cause = None if result.passed else self._sickness(result)
        seen = Input(of_probe(passed=result.passed), self._world.clock.monotonic(), generation)
        self._inbox.put_nowait(Message(seen, cause, probe=result.detail))

    def _sickness(self, result: ProbeResult) -> Cause | None:
        """Why it would become UNHEALTHY; looked into only where it could."""
        if self.instance.state is not State.READY or self.live is None:
            return None
        return causes.of_sickness(
            self.provider.manifest, last_probe=result.detail, finding=self.live.finding()
        )

    def notified(self, generation: int, fields: frozenset[str]) -> None:
        """`generation` said something about itself (sd_notify(3))."""
        event = of_notification(fields)
        if event is not None:
            seen = Input(event, self._world.clock.monotonic(), generation)
            self._inbox.put_nowait(Message(seen, probe="READY=1"))

    def remarked(self, remark: Remark) -> None:
        """Something is to be minded of a generation, or no more."""
        self._inbox.put_nowait(remark)

    # One message at a time.

    def _note(self, remark: Remark) -> None:
        """Tell a warning, or its end; one of a kind is an event only once, however it grows."""
        if remark.generation != self.instance.generation:
            return
        kind, is_over = remark.warning.kind, remark.is_over
        is_news = self.story.warns_of(kind) is is_over
        told = self.story
        self.story = told.without_warning(kind) if is_over else told.with_warning(remark.warning)
        if is_news:
            self._herald.warning(remark.generation, remark.warning, is_over=is_over)

    def _take(self, message: Message) -> None:
        following: Message | None = message
        while following is not None:
            if self._must_wait(following.input):
                return
            try:
                following = self._step(following)
            except IllegalEventError as exc:
                _log.error("instance.illegal_event", code=self.provider.code, error=str(exc))
                return

    def _adopt(self, adoption: Adoption) -> None:
        """The old reading is forgotten, but for a process that is restarted for it."""
        before, old, new = self.instance, self.provider, adoption.provider
        wanted = policy.wanted_after(before, old, new)
        self.provider = new
        self.instance = replace(before, policy=policy.of(new), wanted=wanted)
        self._berths.adopt(new.manifest)
        self._herald.adopt(new)
        is_wanted_anew = wanted is Wanted.UP and before.wanted is not Wanted.UP
        if is_wanted_anew or (adoption.cause is not None and before.wanted is Wanted.UP):
            event = Event.START if is_wanted_anew else Event.RESTART
            self._take(Message(Input(event, self._world.clock.monotonic()), adoption.cause))
        elif self.live is not None and before.state in LIVE:
            self.live.adopt(new.manifest)
            if before.state in (State.READY, State.UNHEALTHY):
                self.live.settle()
        elif wanted is not before.wanted:
            self.story = story.first(wanted, self.story.since)
        self._put_route()
        self._changed(self, before)

    def _step(self, message: Message) -> Message | None:
        """Take one input; a spawn that failed comes back, to be taken at once."""
        before, seen = self.instance, message.input
        self.instance, effects = step(before, seen)
        told = replace(self.story, last_probe=message.probe or self.story.last_probe)
        if message.exit is not None:
            told = told.with_exit(message.exit)
        self.story = story.after(
            told,
            before=before,
            now=self.instance,
            seen=seen,
            cause=message.cause,
            at=self._world.clock.now(),
        )
        self._tell(before)
        following = None
        for effect in effects:
            following = self._carry_out(effect) or following
        return following

    def _must_wait(self, asked: Input) -> bool:
        """Whether a start has to wait for others; then it is only wanted up, and says for whom."""
        is_start = asked.event in (Event.START, Event.RESTART)
        blocking = self._blocked_by() if is_start and self.instance.state not in LIVE else ()
        if not blocking:
            return False
        before = self.instance
        self.instance, _ = step(before, Input(Event.STOP, asked.at, wanted=Wanted.UP))
        self._alarm.cancel()
        cause = causes.waiting_for(blocking)
        if cause != self.story.cause:
            self.story = replace(self.story, since=self._world.clock.now(), cause=cause)
        self._tell(before)
        return True

    def _tell(self, before: Instance) -> None:
        """Let the gateway, the event stream and the supervisor know what has changed."""
        now = self.instance
        if (now.state, now.wanted) == (before.state, before.wanted):
            return
        if now.state is State.READY and self.live is not None:
            self.live.settle()
        self._put_route()
        self._herald.state(before, now, self.story.cause)
        self._changed(self, before)

    def _put_route(self) -> int:
        return self._herald.route(
            self.instance,
            endpoint=self.live.endpoint if self.live else None,
            cause=self.story.cause,
            rest_s=self.story.rest_until - self._world.clock.monotonic(),
        )

    @property
    def _live_manifest(self) -> Manifest:
        """What the process goes by, which a restart for a new reading leaves as it was."""
        return self.live.manifest if self.live is not None else self.provider.manifest

    # Effects.

    def _carry_out(self, effect: Effect) -> Message | None:
        health, stop = self.provider.manifest.health, self._live_manifest.stop
        match effect:
            case Effect.SPAWN:
                return self._spawn()
            case Effect.TERM:
                self._start_task(self._stop(self.live))
            case Effect.KILL:
                self._note(Remark(self.instance.generation, causes.killed(stop)))
                self.kill()
            case Effect.DISARM:
                self._alarm.cancel()
            case Effect.ARM_START:
                self._arm(health.start_timeout_s)
            case Effect.ARM_STOP:
                self._arm(stop.drain_s + stop.grace_s)
            case Effect.ARM_KILL:
                self._arm(_KILL_AGAIN_S)
            case Effect.ARM_UNHEALTHY:
                self._arm(health.unhealthy_timeout_s)
            case Effect.ARM_BACKOFF:
                self._rest()
        return None

    def _spawn(self) -> Message | None:
        number = self.instance.generation
        try:
            self.live = self._world.launcher.launch(
                self.provider, number, berths=self._berths, output=self.output, told=self
            )
        except SpawnError as exc:
            failed = Input(Event.SPAWN_FAILED, self._world.clock.monotonic(), number)
            failed = replace(failed, is_permanent=exc.is_permanent, is_scarcity=exc.is_scarcity)
            return Message(failed, causes.of_spawn(exc))
        self._start_task(self._reap(self.live))
        return None

    async def _reap(self, live: Generation) -> None:
        """Wait for the exit, and for what it left to be swept, and leave the message of it."""
        status = await live.ended()
        state, stderr = self.instance.state, self.stderr_tail()
        if state is State.STARTING and causes.is_port_taken(stderr):
            self._berths.let_go_early()
        self._herald.exit(live.number, status, left=live.left_behind)
        cause = causes.of_exit(
            status,
            state,
            restart=self.provider.manifest.restart.policy,
            stderr=stderr,
            left=live.left_behind,
            memory_bytes=live.manifest.limits.memory_bytes,
        )
        at = self._world.clock.monotonic()
        seen = Input(Event.EXITED, at, live.number, is_clean=status.is_clean)
        told = Exit(live.number, self._world.clock.now(), status.describe(), live.left_behind)
        self._inbox.put_nowait(Message(seen, cause, exit=told))

    async def _stop(self, live: Generation | None) -> None:
        """Let requests come to their end behind the closed route, then signal, then count."""
        if live is None:
            return
        stop = live.manifest.stop
        revision = self._put_route()
        try:
            async with asyncio.timeout(stop.drain_s):
                await self._world.board.closed(
                    self.provider.code, generation=live.number, revision=revision
                )
        except TimeoutError:
            _log.warning("instance.drain_cut", code=self.provider.code, generation=live.number)
        if live is self.live and self.instance.state is State.STOPPING:
            live.ask_to_stop()
            self._arm(stop.grace_s)

    def _rest(self) -> None:
        budget = self.instance.policy.budget
        rest_s = budget.rest_s(self.instance.failures, jitter=random.random())  # noqa: S311  # no secret
        clock = self._world.clock
        self.story = replace(
            self.story,
            rest_until=clock.monotonic() + rest_s,
            retry_at=clock.now() + timedelta(seconds=rest_s),
        )
        self._put_route()
        self._arm(rest_s, is_patient=False)

    def _arm(self, seconds: float, *, is_patient: bool = True) -> None:
        """Leave a deadline after `seconds`, under the number of the timer armed last."""
        timer, generation = self.instance.timer, self.instance.generation

        def ring() -> None:
            manifest, state = self.provider.manifest, self.instance.state
            finding = self.live.finding() if self.live and state in _ANSWERABLE else None
            cause = causes.of_deadline(
                state, manifest, last_probe=self.story.last_probe, finding=finding
            )
            seen = Input(Event.DEADLINE, self._world.clock.monotonic(), generation, timer)
            self._inbox.put_nowait(Message(seen, cause))

        self._alarm.arm(seconds, ring, is_patient=is_patient)

    def _start_task(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._task_done)

    def _task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("runner.fault", code=self.provider.code, exc_info=task.exception())
