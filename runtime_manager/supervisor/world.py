"""What the runners of one daemon share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from runtime_manager.clock import Clock
from runtime_manager.supervisor.board import Board
from runtime_manager.supervisor.events import EventLog
from runtime_manager.supervisor.launcher import Launcher


@dataclass(frozen=True, slots=True)
class World:
    """Built once, by the daemon, which closes what it holds."""

    launcher: Launcher
    board: Board
    events: EventLog
    clock: Clock
    _one_start: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def start_in_turn(self, start: Callable[[], None]) -> None:
        """Start one process in a turn of the loop: a hundred would hold up requests and probes."""
        async with self._one_start:
            start()
            await asyncio.sleep(0)
