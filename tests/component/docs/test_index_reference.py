"""The page of indexes says what is refused today."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_table_of_hostile_indexes_is_the_one_the_tests_have() -> None:
    tool = ROOT / "docs" / "tools" / "write_index_reference.py"
    done = subprocess.run([sys.executable, tool, "--check"], cwd=ROOT, check=False)
    assert done.returncode == 0, f"stale: run python {tool.relative_to(ROOT)}"
