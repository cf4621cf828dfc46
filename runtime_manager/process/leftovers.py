"""Ends what an earlier daemon of this home left alive, before anything is started."""

from __future__ import annotations

import asyncio
import os
import signal

from runtime_manager.process import tree
from runtime_manager.process.guard import GUARD_OF
from runtime_manager.process.guard_main import DEADLINE_S
from runtime_manager.process.tree import Marked

_LOOK_S = 0.02
_KILL_S = 5.0
_GUARD_S = DEADLINE_S + 1.0


async def end_leftovers(home_id: str, *, grace_s: float) -> list[Marked]:
    """SIGTERM, and after `grace_s` SIGKILL, to all that carries the home's marker; those found.

    Waits first for the guard of an earlier daemon, which may be at the same work and would take our
    own programs for its. Looked for again until nothing is left, since a process may fork while it
    is looked at; what still lives five seconds after SIGKILL is given up. Spares this process and
    its ancestors: a daemon may have been started from inside a provider.
    """
    spared = ancestors()
    found: dict[tuple[int, float], Marked] = {}
    if not _is_any(home_id, spared):
        return []
    await _earlier_guards_gone(home_id)
    for number, patience_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, _KILL_S)):
        if await _ended(home_id, spared, number, patience_s=patience_s, found=found):
            break
    return list(found.values())


def ancestors() -> set[int]:
    """This process, its parent, and so on."""
    line: set[int] = set()
    pid = os.getpid()
    while pid > 0 and pid not in line:
        line.add(pid)
        found = tree.kin(pid)
        pid = found.parent if found else 0
    return line


def _is_any(home_id: str, spared: set[int]) -> bool:
    """One look for both guards and leftovers, since most starts find neither."""
    seen = tree.marked((f"{GUARD_OF}{home_id}", f"{home_id}/"))
    return any(one.pid not in spared and not _is_own_guard(one) for one in seen)


async def _earlier_guards_gone(home_id: str) -> None:
    """Wait for guards that are not our child; one that outstays its own deadline is killed."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _GUARD_S
    while earlier := [one for one in tree.marked(f"{GUARD_OF}{home_id}") if not _is_own_guard(one)]:
        if loop.time() >= until:
            for one in earlier:
                tree.send(signal.SIGKILL, one.pid, started_at=one.started_at)
            return
        await asyncio.sleep(_LOOK_S)


def _is_own_guard(one: Marked) -> bool:
    found = tree.kin(one.pid)
    return one.marker.startswith(GUARD_OF) and found is not None and found.parent == os.getpid()


async def _ended(
    home_id: str,
    spared: set[int],
    number: int,
    *,
    patience_s: float,
    found: dict[tuple[int, float], Marked],
) -> bool:
    """Signal each leftover once, and newcomers as they are seen; whether all were gone in time."""
    signalled: set[tuple[int, float]] = set()
    loop = asyncio.get_running_loop()
    until = loop.time() + patience_s
    while left := [one for one in tree.marked(f"{home_id}/") if one.pid not in spared]:
        for one in left:
            key = (one.pid, one.started_at)
            found[key] = one
            if key not in signalled:
                signalled.add(key)
                tree.send(number, one.pid, started_at=one.started_at)
        if loop.time() >= until:
            return False
        await asyncio.sleep(_LOOK_S)  # not our children: no event tells of their end
    return True
