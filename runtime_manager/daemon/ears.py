"""What the gateway says, passed to those it concerns."""

from __future__ import annotations

import structlog

from runtime_manager.supervisor.board import Board
from runtime_manager.supervisor.supervisor import Supervisor

_log = structlog.get_logger()


class Ears:
    """The gateway's observer; called on the loop."""

    def __init__(self, board: Board, supervisor: Supervisor) -> None:
        self._board = board
        self._supervisor = supervisor

    def acknowledged(self, revision: int) -> None:
        """The gateway holds that table."""
        self._board.acknowledged(revision)

    def wake(self, code: str) -> None:
        """A request waits for a provider at rest."""
        self._supervisor.wake(code)

    def settled(self, code: str, generation: int) -> None:
        """Nothing is under way to that generation any more."""
        self._board.settled(code, generation)
        self._supervisor.settled(code, generation)

    def note(self, event: str, **fields: object) -> None:
        """Something worth a line of the log."""
        _log.info(event, **fields)
