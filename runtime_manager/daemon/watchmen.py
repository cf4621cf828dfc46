"""Those who see to it that nothing is left behind, and that processes are watched."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass

import structlog

from runtime_manager.clock import Clock
from runtime_manager.model.home import Home
from runtime_manager.process.cgroup import Delegation, Refusal, find, take_up
from runtime_manager.process.guard import Guard
from runtime_manager.process.leftovers import end_leftovers
from runtime_manager.process.prober import Prober
from runtime_manager.process.reaper import Orphans, become_subreaper

_log = structlog.get_logger()
_LEFTOVER_GRACE_S = 2.0
_NOT_OURS = "the daemon is embedded in a program, whose cgroup is its own"


@dataclass(frozen=True, slots=True)
class Watchmen:
    """The guard that outlives us, the prober, and the pids of programs that are waited for.

    `cgroups` is where each program gets one, or why there are none.
    """

    guard: Guard
    prober: Prober
    waited_for: set[int]
    cgroups: Delegation | Refusal


async def watchmen(
    home: Home, *, clock: Clock, stack: AsyncExitStack, is_embedded: bool = False
) -> Watchmen:
    """Start them, after what an earlier daemon left behind has been ended.

    `is_embedded`: the process is another program's, and so are its cgroup and the children that we
    know nothing of.
    """
    cgroups = Refusal(_NOT_OURS) if is_embedded else take_up(find())
    _log.info("cgroups.found", told=cgroups.describe(), are_used=isinstance(cgroups, Delegation))
    root = cgroups.root if isinstance(cgroups, Delegation) else None
    guard = await Guard.start(home.home_id, cgroups=root)
    stack.push_async_callback(guard.close)
    waited_for: set[int] = set()
    if not is_embedded:
        become_subreaper()
        orphans = Orphans(lambda pid: pid in waited_for or pid == guard.pid)
        stack.callback(orphans.close)
    for left in await end_leftovers(home.home_id, grace_s=_LEFTOVER_GRACE_S):
        _log.warning("leftover.ended", pid=left.pid, marker=left.marker)
    prober = Prober(clock)
    stack.push_async_callback(prober.close)
    return Watchmen(guard, prober, waited_for, cgroups)
