from __future__ import annotations

from datetime import UTC, datetime

from runtime_manager.lifecycle.table import Wanted
from runtime_manager.supervisor import story
from runtime_manager.supervisor.view import Exit

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_the_newest_exit_is_the_last() -> None:
    told = story.first(Wanted.UP, NOON)
    assert told.last_exit is None
    told = told.with_exit(Exit(1, NOON, "exit code 3")).with_exit(
        Exit(2, NOON, "killed by SIGKILL")
    )
    assert told.last_exit == "killed by SIGKILL"


def test_only_the_last_few_exits_are_kept() -> None:
    told = story.first(Wanted.UP, NOON)
    for generation in range(1, 9):
        told = told.with_exit(Exit(generation, NOON, "exit code 1"))
    assert [one.generation for one in told.exits] == [4, 5, 6, 7, 8]
