"""The log goes to standard error, whatever that is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import asyncio
from contextlib import AsyncExitStack
import structlog
from runtime_manager.daemon.own_log import log_to_stderr
from runtime_manager.model.settings import Settings

async def main():
    async with AsyncExitStack() as stack:
        log_to_stderr(stack)(Settings())
        structlog.get_logger().info("daemon.ready", code=7)

asyncio.run(main())
print("well")
"""


@pytest.mark.parametrize(("redirected", "is_seen"), [("", True), ("2>&-", False)])
def test_a_standard_error_that_is_closed_is_no_reason_to_end(
    tmp_path: Path, redirected: str, is_seen: bool
) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    ended = subprocess.run(
        ["sh", "-c", f'exec "$0" "$1" {redirected}', sys.executable, str(program)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (0, "well\n")
    assert ("daemon.ready" in ended.stderr) is is_seen
