"""Time as a value handed in: monotonic seconds for spans, UTC for records."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol

STOOD_STILL_S = 0.25
"""A timer later than that was not kept waiting by others: the process or the machine stood still.

What has not been heard meanwhile is held against nobody: who speaks may only not have been heard.
"""


class Clock(Protocol):
    """What a shell object needs to know of time."""

    def monotonic(self) -> float:
        """Seconds on a clock that never steps back; only differences mean anything."""
        ...

    def now(self) -> datetime:
        """The wall time, aware, in UTC; for records, never for spans."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def monotonic(self) -> float:
        """See `Clock`."""
        return time.monotonic()

    def now(self) -> datetime:
        """See `Clock`."""
        return datetime.now(UTC)
