"""A short life of the soak: every kind of work is done, and the figures are told."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks.soaking import WORK
from tests.system.child import REPOSITORY

pytestmark = pytest.mark.timeout(120)


def test_everything_is_done_and_told() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.soak", "--minutes", "0.12"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ended.returncode in (0, 1), ended.stderr  # so short a life is no judgement
    assert "slope per hour" in ended.stdout
    missing = [what for what, _, _ in WORK if f" {what}\n" not in ended.stdout]
    assert not missing, ended.stdout
