"""Ends what a program left behind: in its group, its session, or under its marker."""

from __future__ import annotations

import contextlib
import os
import signal

from runtime_manager.process import tree

_PASSES = 5


def sweep(leader: int, *, marker: str) -> set[int]:
    """SIGKILL all that the reaped `leader` left; the pids it was sent to.

    Looked for again after each pass, since a process may fork while it is looked at. What left its
    session *and* took the marker out of its environment is not found.
    """
    swept: set[int] = set()
    for _ in range(_PASSES):
        left = _left_by(leader, marker) - swept
        if not left:
            break
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        swept |= left
    return swept


def _left_by(leader: int, marker: str) -> set[int]:
    own = os.getpid()
    in_session = {
        one.pid
        for one in tree.everyone()
        if leader in (one.session, one.group) and one.pid != leader and one.state != "Z"
    }
    return (in_session | {found.pid for found in tree.marked(marker)}) - {own, leader}
