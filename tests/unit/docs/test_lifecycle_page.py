from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_shows_the_table_as_it_is() -> None:
    drawn = subprocess.run([sys.executable, "docs/tools/draw_lifecycle.py", "--check"], cwd=ROOT)
    assert drawn.returncode == 0, "run python docs/tools/draw_lifecycle.py"
