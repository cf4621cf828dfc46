"""A page of the docs that is partly made from the code: what stands between two marks."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Page:
    """The file, and the marks around what is made."""

    path: Path
    begin: str
    end: str

    def main(self, made: str) -> int:
        """Put `made` between the marks, or with `--check` give 1 when it does not stand there."""
        page = self.path.read_text(encoding="utf-8")
        before, rest = page.split(self.begin)
        _, after = rest.split(self.end)
        wanted = f"{before}{self.begin}\n\n{made}\n\n{self.end}{after}"
        if "--check" in sys.argv[1:]:
            return 0 if page == wanted else 1
        self.path.write_text(wanted, encoding="utf-8")
        return 0
