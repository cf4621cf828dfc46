from __future__ import annotations

import pytest

from runtime_manager.daemon.status_line import summary


@pytest.mark.parametrize(
    ("states", "line"),
    [
        ([], "no providers"),
        (["ready"], "1 ready"),
        (["failed", *["ready"] * 12], "12 ready, 1 failed"),
        (["stopped", "invalid", "starting"], "1 starting, 1 invalid, 1 stopped"),
    ],
)
def test_the_line_counts_providers_by_state(states: list[str], line: str) -> None:
    assert summary(states) == line
