from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).resolve().parents[3] / "docs" / "tools" / "write_degraded_reference.py"


def test_the_page_has_each_shortage_with_the_words_that_are_told() -> None:
    checked = subprocess.run([sys.executable, str(TOOL), "--check"], check=False)
    assert checked.returncode == 0, "run python docs/tools/write_degraded_reference.py"
