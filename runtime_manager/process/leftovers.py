"""Ends what an earlier daemon of this home left alive, before anything is started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

from runtime_manager.process import tree
from runtime_manager.process.tree import Marked

_LOOK_S = 0.05


async def end_leftovers(home_id: str, *, grace_s: float) -> list[Marked]:
    """SIGTERM, and after `grace_s` SIGKILL, to all that carries the home's marker; those found.

    Spares this process and its ancestors: a daemon may have been started from inside a provider.
    A pid is only signalled while its start time is the one it was found with.
    """
    spared = ancestors()
    found = [one for one in tree.marked(f"{home_id}/") if one.pid not in spared]
    for number, patience_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, 1.0)):
        alive = [one for one in found if is_alive(one)]
        if not alive:
            break
        for one in alive:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(one.pid, number)
        await _gone(alive, patience_s)
    return found


def ancestors() -> set[int]:
    """This process, its parent, and so on."""
    line: set[int] = set()
    pid = os.getpid()
    while pid > 0 and pid not in line:
        line.add(pid)
        found = tree.kin(pid)
        pid = found.parent if found else 0
    return line


def is_alive(one: Marked) -> bool:
    """Whether the pid is still the process that was found, and not a zombie."""
    found = tree.kin(one.pid)
    return found is not None and found.started_at == one.started_at and found.state != "Z"


async def _gone(found: list[Marked], patience_s: float) -> None:
    try:
        async with asyncio.timeout(patience_s):
            while any(is_alive(one) for one in found):  # noqa: ASYNC110  # not our children
                await asyncio.sleep(_LOOK_S)
    except TimeoutError:
        return
