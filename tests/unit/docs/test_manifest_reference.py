from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from runtime_manager.model import template

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "reference" / "manifest.md"


def test_the_page_tells_the_fields_as_they_are() -> None:
    tool = "docs/tools/write_manifest_reference.py"
    written = subprocess.run([sys.executable, tool, "--check"], cwd=ROOT, check=False)
    assert written.returncode == 0, f"run python {tool}"


def test_the_page_tells_every_placeholder() -> None:
    page = PAGE.read_text()
    assert [name for name in template.NAMES if f"`{{{name}}}`" not in page] == []
