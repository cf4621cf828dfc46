"""What happened, numbered, in a ring of bounded length, told at once to whoever listens.

Used from the daemon's loop alone, never from a thread. Numbers begin at 1 and have no gap, so a
reader who knows the last one it saw can ask for the rest. Publishing never waits: a subscriber
that does not keep up is cut off, and may come back with its last number.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from runtime_manager.clock import Clock

STOPPING = "daemon.stopping"
"""The last event a reader needs: the daemon is about to end."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; `code` and `generation` are None where it concerns no provider."""

    number: int
    at: datetime
    name: str
    code: str | None
    generation: int | None
    data: Mapping[str, object]


class Subscription:
    """Events in order, as an asynchronous iterator; it ends when cut off or when the log closes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: deque[Event] = deque()
        self._stirred = asyncio.Event()
        self._is_over = False
        self.was_cut = False

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> Event:
        while not self._waiting:
            if self._is_over:
                raise StopAsyncIteration
            self._stirred.clear()
            await self._stirred.wait()
        return self._waiting.popleft()

    def rest(self) -> tuple[Event, ...]:
        """What is there already after the event that was read, to be read with it; may be none."""
        found = tuple(self._waiting)
        self._waiting.clear()
        return found

    def give(self, event: Event) -> None:
        """Leave `event` for the reader; cuts off one that has too many unread."""
        if len(self._waiting) >= self._limit:
            self._waiting.clear()
            self.was_cut = True
            self.end()
        if not self._is_over:
            self._waiting.append(event)
            self._stirred.set()

    def end(self) -> None:
        """Nothing more will come; the reader still gets what is waiting."""
        self._is_over = True
        self._stirred.set()


class EventLog:
    """Keeps the last `kept` events; each subscriber may have `unread_limit` of them unread."""

    def __init__(self, clock: Clock, *, kept: int = 2000, unread_limit: int = 500) -> None:
        self._clock = clock
        self._ring: deque[Event] = deque(maxlen=kept)
        self._unread_limit = unread_limit
        self._subscriptions: set[Subscription] = set()
        self._last_number = 0
        self._is_closed = False

    @property
    def last_number(self) -> int:
        """The number of the newest event; 0 before the first."""
        return self._last_number

    def publish(
        self,
        name: str,
        /,
        *,
        code: str | None = None,
        generation: int | None = None,
        **data: object,
    ) -> Event:
        """Number an event, keep it, and tell the subscribers; `data` must be fit for JSON."""
        self._last_number += 1
        event = Event(
            self._last_number, self._clock.now(), name, code, generation, MappingProxyType(data)
        )
        self._ring.append(event)
        for subscription in self._subscriptions:
            subscription.give(event)
        return event

    def recent(self, after: int) -> tuple[Event, ...] | None:
        """The events numbered above `after`.

        None where they cannot all be told: some are forgotten, or `after` was never given out.
        """
        if after > self._last_number or after < self._last_number - len(self._ring):
            return None
        return tuple(event for event in self._ring if event.number > after)

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[Subscription]:
        """Every event from now on. Does not suspend on entry: with `recent` before it, no gap."""
        subscription = Subscription(self._unread_limit)
        self._subscriptions.add(subscription)
        if self._is_closed:
            subscription.end()
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def close(self) -> None:
        """End every subscription, now and later; what is kept can still be read."""
        self._is_closed = True
        for subscription in self._subscriptions:
            subscription.end()
