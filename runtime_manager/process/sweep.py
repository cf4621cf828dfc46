"""Ends what a program left behind: in its group, its session, or under its marker."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable

from runtime_manager.process import tree
from runtime_manager.process.reaper import is_subreaper

_PASSES = 20
_DYING_S = 0.001


def sweep(leader: int, *, marker: str) -> set[int]:
    """SIGKILL all that the reaped `leader` left; the pids it was sent to.

    Looked for again after each pass, since a process may fork while it is looked at: with something
    left it blocks for a few milliseconds. What left its session *and* took the marker out of its
    environment is not found.
    """
    swept: set[int] = set()
    for _ in range(_PASSES):
        left = {pid for pid in _left_by(leader, marker, dying=swept) - swept if _kill(pid)}
        if not left:
            break
        swept |= left
        time.sleep(_DYING_S)  # the children of the dead come to us, and are found by the next pass
    return swept


def _left_by(leader: int, marker: str, *, dying: set[int]) -> set[int]:
    """Its session and group, and who carries its marker, with all their descendants."""
    roots = _family(leader) | {pid for pid in _orphans() if tree.marker_of(pid) == marker} | dying
    below = tree.descendants(roots) if roots else set()
    return (roots | below) - {os.getpid(), leader}


def _family(leader: int) -> set[int]:
    """Session and group; nobody where the pid is another's, who got it when they were no more."""
    found = tree.in_session(leader)
    return found if tree.kin(leader) is None else set()


def _orphans() -> Iterable[int]:
    """Where orphans are ours, what left the session is our child now; else it may be anybody's."""
    is_quick = tree.IS_CHILDREN and is_subreaper()
    return tree.children(os.getpid()) if is_quick else tree.pids()


def _kill(pid: int) -> bool:
    started_at = tree.started_at(pid)
    return started_at is not None and tree.send(signal.SIGKILL, pid, started_at=started_at)
