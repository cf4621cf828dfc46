"""Events are numbered without gaps, kept in a ring, and told at once."""

from __future__ import annotations

import asyncio

from runtime_manager.clock import SystemClock
from runtime_manager.supervisor.events import Event, EventLog, Subscription


def log(**sizes: int) -> EventLog:
    return EventLog(SystemClock(), **sizes)


def numbers(events: tuple[Event, ...] | None) -> list[int] | None:
    return None if events is None else [event.number for event in events]


async def drained(subscription: Subscription) -> list[int]:
    return [event.number async for event in subscription]


def test_events_are_numbered_from_one() -> None:
    events = log()
    assert events.last_number == 0
    first = events.publish("provider.added", code="a")
    second = events.publish("provider.state", code="a", generation=1, **{"from": "stopped"})
    assert (first.number, second.number, events.last_number) == (1, 2, 2)
    assert (second.code, second.generation, dict(second.data)) == ("a", 1, {"from": "stopped"})
    assert second.at.utcoffset() is not None


def test_recent_tells_what_came_after_a_number() -> None:
    events = log()
    for _ in range(3):
        events.publish("provider.added")
    assert numbers(events.recent(0)) == [1, 2, 3]
    assert numbers(events.recent(2)) == [3]
    assert numbers(events.recent(3)) == []


def test_recent_is_none_where_events_are_forgotten_or_unknown() -> None:
    events = log(kept=2)
    for _ in range(5):
        events.publish("provider.added")
    assert numbers(events.recent(3)) == [4, 5]
    assert events.recent(2) is None
    assert events.recent(6) is None


def test_recent_of_an_empty_log_is_empty() -> None:
    assert log().recent(0) == ()
    assert log().recent(1) is None


async def test_a_subscriber_may_take_what_else_is_there_with_an_event() -> None:
    events = log()
    async with events.subscribe() as subscription:
        for _ in range(3):
            events.publish("provider.added")
        first = await anext(subscription)
        assert (first.number, numbers(subscription.rest())) == (1, [2, 3])
        assert subscription.rest() == ()
        events.publish("provider.added")
        events.close()
        assert await drained(subscription) == [4]


async def test_a_subscriber_gets_what_comes_after_it_joined() -> None:
    events = log()
    events.publish("provider.added")
    async with events.subscribe() as subscription:
        events.publish("provider.added")
        assert (await anext(subscription)).number == 2
        waiting = asyncio.ensure_future(anext(subscription))
        await asyncio.sleep(0)
        events.publish("provider.added")
        assert (await waiting).number == 3


async def test_every_subscriber_gets_every_event() -> None:
    events = log()
    async with events.subscribe() as one, events.subscribe() as two:
        events.publish("provider.added")
        events.close()
        assert await drained(one) == await drained(two) == [1]


async def test_a_slow_reader_is_cut_off_and_others_are_not() -> None:
    events = log(unread_limit=2)
    async with events.subscribe() as slow, events.subscribe() as quick:
        for number in (1, 2, 3):
            events.publish("provider.added")
            assert (await anext(quick)).number == number
        assert slow.was_cut
        assert await drained(slow) == []
        assert not quick.was_cut


async def test_closing_ends_a_waiting_reader_after_what_is_left() -> None:
    events = log()
    async with events.subscribe() as subscription:
        reading = asyncio.ensure_future(drained(subscription))
        await asyncio.sleep(0)
        events.publish("daemon.stopping")
        events.close()
        assert await reading == [1]
        assert not subscription.was_cut


async def test_who_subscribes_to_a_closed_log_gets_nothing() -> None:
    events = log()
    events.close()
    async with events.subscribe() as subscription:
        assert await drained(subscription) == []


async def test_a_subscriber_that_left_is_forgotten() -> None:
    events = log(unread_limit=1)
    async with events.subscribe() as subscription:
        pass
    events.publish("provider.added")
    events.publish("provider.added")
    assert not subscription.was_cut
