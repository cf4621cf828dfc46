"""The one line `systemctl status` shows of us: how many providers are in which state."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable

from runtime_manager.daemon.systemd import ServiceManager
from runtime_manager.supervisor.events import EventLog

_ORDER = (
    "ready",
    "starting",
    "unhealthy",
    "backoff",
    "failed",
    "invalid",
    "stopping",
    "stopped",
)
_AT_MOST_EVERY_S = 1.0


def summary(states: Iterable[str]) -> str:
    """As in `12 ready, 1 failed`. Pure."""
    counts = Counter(states)
    parts = [f"{counts[state]} {state}" for state in _ORDER if counts[state]]
    return ", ".join(parts) or "no providers"


async def keep_told(
    manager: ServiceManager,
    *,
    events: EventLog,
    states: Callable[[], Iterable[str]],
    every_s: float = _AT_MOST_EVERY_S,
) -> None:
    """Tell the summary of `states` now and after each change, at most once in `every_s` seconds.

    Returns when the events end, or at once where nobody listens.
    """
    told, seen = "", -1
    while manager.is_present:
        async with events.subscribe() as coming:
            told = _told(manager, summary(states()), told)
            seen = events.last_number
            async for event in coming:
                if event.number > seen:
                    await asyncio.sleep(every_s)
                    seen = events.last_number
                    told = _told(manager, summary(states()), told)
        if not coming.was_cut:
            return


def _told(manager: ServiceManager, line: str, before: str) -> str:
    if line != before:
        manager.tell(f"STATUS={line}")
    return line
