"""Puts the table of a run into a page of the documentation, with how and on what it was run."""

from __future__ import annotations

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
_MODEL = re.compile(r"^model name\s*: (.*)$", re.M)


def written(page: str, made: str) -> str:
    """`page` with `made` between its marks. Raises ValueError where the marks are not there. Pure.

    What stood there before is gone.
    """
    before, begun, rest = page.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not begun or not ended:
        raise ValueError(f"the page has no {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{made.strip()}\n\n{END}{after}"


def circumstances(words: str) -> str:
    """A sentence: the command, the day, the machine, and how busy it was at the beginning."""
    load, _, _ = os.getloadavg()
    return (
        f"`{words}`, {datetime.now(UTC):%d %B %Y}: {os.cpu_count()} processors ({_processor()}), "
        f"{platform.system()} {platform.release().partition('-')[0]}, "
        f"Python {platform.python_version()}; load at the beginning {load:.1f}."
    )


def _processor() -> str:
    try:
        found = _MODEL.search(Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found[1] if found else platform.machine()
