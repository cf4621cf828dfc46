"""How an end is told."""

from __future__ import annotations

import signal

import pytest

from runtime_manager.process.exit_status import ExitStatus


@pytest.mark.parametrize(
    ("returncode", "told", "is_clean"),
    [
        (0, "exit code 0", True),
        (3, "exit code 3", False),
        (-signal.SIGKILL, "killed by SIGKILL", False),
        (-signal.SIGRTMAX + 1, "killed by signal 63", False),
    ],
)
def test_an_end_is_told(returncode: int, told: str, is_clean: bool) -> None:
    status = ExitStatus.from_returncode(returncode)
    assert (status.describe(), status.is_clean) == (told, is_clean)
