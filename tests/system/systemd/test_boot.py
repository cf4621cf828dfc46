"""What must hold under a real systemd: asked for by `pytest -m systemd`, as root."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.systemd
@pytest.mark.timeout(1800)
def test_every_check_holds_in_a_booted_debian(request: pytest.FixtureRequest) -> None:
    if "systemd" not in (request.config.getoption("markexpr") or ""):
        pytest.skip("boots a Debian, in minutes: pytest -m systemd tests/system/systemd")
    boot = Path(__file__).with_name("boot.py")
    done = subprocess.run([sys.executable, str(boot)], stdout=subprocess.PIPE, text=True)
    print("\n".join(line for line in done.stdout.splitlines() if "RESULT" in line))
    assert done.returncode == 0
