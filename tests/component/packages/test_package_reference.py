import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_tells_what_each_hostile_archive_gets() -> None:
    tool = "docs/tools/write_package_reference.py"
    written = subprocess.run([sys.executable, tool, "--check"], cwd=ROOT, check=False)
    assert written.returncode == 0, f"run python {tool}"
