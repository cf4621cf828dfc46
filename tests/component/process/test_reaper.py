"""Orphans that come to us."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
ORPHANAGE = Path(__file__).with_name("orphanage.py")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prctl(2) is of Linux")
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_orphans_are_reaped_and_no_exit_code_is_stolen(loop: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(ORPHANAGE), loop],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.stdout, done.stderr) == ("well\n", "")
