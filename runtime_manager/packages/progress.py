"""How far a long step has come, told to whoever shows it: a terminal's bar, the daemon's events."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int | None], None]
"""Called with the phase (a word: fetch, unpack, hash), bytes done, and all bytes where known.

It is called often and from the thread that works, so it must be quick; what it raises ends the
step, which is how a step is cancelled.
"""


def no_progress(phase: str, done: int, total: int | None) -> None:
    """Show nothing."""
