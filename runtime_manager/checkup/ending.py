"""Ends processes that an earlier daemon left: SIGTERM, and SIGKILL to what does not heed it."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence

from runtime_manager.process import tree
from runtime_manager.process.tree import Marked

_LOOK_S = 0.02


def end(
    look: Callable[[], Sequence[Marked]], *, grace_s: float = 5.0, kill_s: float = 5.0
) -> list[Marked]:
    """End what `look` finds, newcomers too; gives what still lives. Blocks until both are over."""
    for number, patience_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, kill_s)):
        signalled: set[tuple[int, float]] = set()
        until = time.monotonic() + patience_s
        while left := list(look()):
            for one in left:
                if (one.pid, one.started_at) not in signalled:
                    signalled.add((one.pid, one.started_at))
                    tree.send(number, one.pid, started_at=one.started_at)
            if time.monotonic() >= until:
                break
            time.sleep(_LOOK_S)
        else:
            return []
    return list(look())
