"""What the runners of one daemon share."""

from __future__ import annotations

from dataclasses import dataclass

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
