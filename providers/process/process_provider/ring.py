"""The newest entries of a numbered sequence, for any number of readers that wait for more.

A writer never waits: a reader that falls too far behind is told how many entries it missed.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from dataclasses import dataclass
from itertools import islice


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened; `data` is a JSON object in ASCII, with `number` in it too."""

    number: int
    name: str
    data: str


@dataclass(frozen=True, slots=True)
class Page:
    """What follows a number. `missed`: entries gone before they were read. `is_last`: no more."""

    entries: tuple[Entry, ...]
    missed: int
    is_last: bool

    def next_after(self, after: int) -> int:
        """The number to read on after, when this page was read after `after`."""
        return self.entries[-1].number if self.entries else after + self.missed


class Ring:
    """Keeps at most `max_entries`, and at most `max_chars` of their data. Safe for threads."""

    def __init__(self, *, max_entries: int, max_chars: int) -> None:
        self._max_entries = max_entries
        self._max_chars = max_chars
        self._entries: deque[Entry] = deque()
        self._chars = 0
        self._last = 0
        self._is_closed = False
        self._changed = threading.Condition()

    @property
    def last(self) -> int:
        """The number of the newest entry; 0 before the first."""
        return self._last

    def append(self, name: str, **fields: object) -> None:
        """Add an entry, unless the sequence has ended."""
        with self._changed:
            if not self._is_closed:
                self._add(name, fields)
                self._changed.notify_all()

    def close(self, name: str, **fields: object) -> None:
        """Add the last entry there will be."""
        with self._changed:
            self._add(name, fields)
            self._is_closed = True
            self._changed.notify_all()

    def read(self, *, after: int, limit: int = 500, timeout_s: float = 0.0) -> Page:
        """At most `limit` entries with numbers above `after`; waits for one, `timeout_s` at most.

        A number that was never given out reads from the end.
        """
        with self._changed:
            after = min(after, self._last)
            self._changed.wait_for(lambda: self._last > after or self._is_closed, timeout_s)
            first = self._last - len(self._entries) + 1
            missed = max(0, first - 1 - after)
            start = after + missed + 1 - first
            entries = tuple(islice(self._entries, start, start + limit))
            is_last = self._is_closed and after + missed + len(entries) == self._last
            return Page(entries, missed, is_last)

    def _add(self, name: str, fields: dict[str, object]) -> None:
        self._last += 1
        data = json.dumps({"number": self._last, **fields})
        self._entries.append(Entry(self._last, name, data))
        self._chars += len(data)
        while len(self._entries) > self._max_entries or self._chars > self._max_chars:
            if len(self._entries) == 1:
                return
            self._chars -= len(self._entries.popleft().data)
