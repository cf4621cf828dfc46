from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from runtime_manager.lifecycle.table import Event, Input, Instance, Policy, State, Wanted, step
from runtime_manager.supervisor import causes, story
from runtime_manager.supervisor.story import Story
from runtime_manager.supervisor.view import Cause

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CRASH = Cause("exited", "exit code 3 while ready")
SICK = Cause("unhealthy", "HTTP 503")


class Life:
    """One instance and its story, told event by event, a second apart."""

    def __init__(self, wanted: Wanted = Wanted.DOWN) -> None:
        self.instance = Instance(Policy(), wanted=wanted)
        self.story = story.first(wanted, NOON)
        self.now = 0

    def see(self, event: Event, cause: Cause | None = None, **more: object) -> Story:
        self.now += 1
        asked = event in (Event.START, Event.STOP, Event.RESTART)
        cause = causes.of_ask(event, more.get("wanted")) if asked else cause  # type: ignore[arg-type]
        generation = 0 if asked else self.instance.generation
        timer = self.instance.timer if event is Event.DEADLINE else 0
        seen = Input(event, float(self.now), generation, timer, **more)  # type: ignore[arg-type]
        before = self.instance
        self.instance, _ = step(before, seen)
        self.story = story.after(
            self.story,
            before=before,
            now=self.instance,
            seen=seen,
            cause=cause,
            at=NOON + timedelta(seconds=self.now),
        )
        return self.story


def test_what_was_never_started_says_how_it_would_be() -> None:
    assert story.first(Wanted.DOWN, NOON).cause is causes.NOT_STARTED
    assert story.first(Wanted.ON_DEMAND, NOON).cause is causes.ON_DEMAND


def test_ready_has_no_cause_and_tells_how_long_it_took() -> None:
    life = Life()
    life.see(Event.START)
    told = life.see(Event.PROBE_PASSED)
    assert (told.cause, told.started_in_s, told.since) == (None, 1.0, NOON + timedelta(seconds=2))


def test_a_crash_is_told_through_back_off_and_the_next_start_until_ready() -> None:
    life = Life()
    life.see(Event.START)
    life.see(Event.PROBE_PASSED)
    assert life.see(Event.EXITED, CRASH).cause is CRASH
    again = life.see(Event.DEADLINE)
    assert (life.instance.state, again.cause, again.restarts) == (State.STARTING, CRASH, 1)
    assert life.see(Event.PROBE_PASSED).cause is None


def test_an_exit_that_ends_our_own_stop_tells_why_we_stopped_it() -> None:
    life = Life()
    life.see(Event.START)
    slow = Cause("start-timeout", "not ready within 10 s")
    life.see(Event.DEADLINE, slow)
    told = life.see(Event.EXITED, Cause("exited", "killed by SIGTERM"))
    assert (life.instance.state, told.cause) == (State.BACKOFF, slow)


def test_a_stop_on_request_says_so_from_wherever_it_came() -> None:
    life = Life()
    life.see(Event.START)
    life.see(Event.PROBE_PASSED)
    life.see(Event.STOP)
    assert life.see(Event.EXITED, CRASH).cause is causes.STOPPED_ON_REQUEST
    resting = Life(Wanted.ON_DEMAND)
    assert resting.see(Event.STOP).cause is causes.STOPPED_ON_REQUEST


def test_an_idle_stop_says_that_a_request_wakes_it() -> None:
    life = Life(Wanted.ON_DEMAND)
    life.see(Event.START)
    life.see(Event.PROBE_PASSED)
    life.see(Event.STOP, wanted=Wanted.ON_DEMAND)
    assert life.see(Event.EXITED, CRASH).cause is causes.IDLE


def test_a_start_somebody_asked_for_counts_no_restart() -> None:
    life = Life()
    life.see(Event.START)
    life.see(Event.EXITED, CRASH)
    told = life.see(Event.START)
    assert (told.restarts, told.cause) == (0, None)


def test_an_event_that_changes_nothing_leaves_the_story_as_it_is() -> None:
    life = Life()
    life.see(Event.START)
    before = life.see(Event.PROBE_PASSED)
    assert life.see(Event.PROBE_PASSED) == before
    assert life.see(Event.PROBE_FAILED, SICK) == before


def test_the_last_probe_is_of_the_generation_there_is() -> None:
    life = Life()
    life.see(Event.START)
    life.story = replace(life.story, last_probe="HTTP 503")
    life.see(Event.EXITED, CRASH)
    assert life.story.last_probe == "HTTP 503"
    assert life.see(Event.DEADLINE).last_probe is None


def test_a_warning_takes_the_place_of_one_of_its_kind() -> None:
    few, many = causes.dropped("stderr", 2), causes.dropped("stderr", 9)
    open_to_all = causes.exposed("0.0.0.0:80")
    told = (
        story.first(Wanted.UP, NOON).with_warning(few).with_warning(open_to_all).with_warning(many)
    )
    assert told.warnings == (many, open_to_all)


def test_a_warning_that_is_over_is_told_no_more() -> None:
    few, open_to_all = causes.dropped("stderr", 2), causes.exposed("0.0.0.0:80")
    told = story.first(Wanted.UP, NOON).with_warning(few).with_warning(open_to_all)
    assert told.warns_of(few.kind)
    assert told.without_warning(few.kind).warnings == (open_to_all,)
    assert not told.without_warning(few.kind).warns_of(few.kind)
