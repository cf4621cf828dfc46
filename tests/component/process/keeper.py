"""A small daemon for the tests of the guard: spawns programs, tells their pids, and lives on.

`keeper.py HOME_ID LOOP`; prints one line of JSON for each line it reads: who there is.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys

import structlog
import uvloop

from runtime_manager.process.guard import Guard
from runtime_manager.process.spawn import Child, Launch, spawn
from tests.component.process.acting import fake, lines, shell

_LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


async def keep(home_id: str) -> None:
    guard = await Guard.start(home_id)
    children: list[tuple[Child, list[int]]] = []
    for launch, count in programs(home_id):
        child = spawn(launch)
        guard.add(child.pid, child.started_at)
        told = [int(line.split()[-1]) for line in await lines(child, count)]
        children.append((child, told))
    everybody = [pid for child, told in children for pid in (child.pid, *told)]
    while await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps({"guard": guard.pid, "everybody": everybody}), flush=True)


def programs(home_id: str) -> list[tuple[Launch, int]]:
    """One with children in and out of its session, one that carries no marker, one stopped."""
    marked = {"RTM_INSTANCE": f"{home_id}/a/1"}
    family = fake("--grandchild", "--setsid-child", "--never-listen", "--ignore-term", env=marked)
    return [
        (family, 2),
        (shell("sleep 100 & echo $!; wait"), 1),
        (shell("sleep 100 & echo $!; kill -STOP $$"), 1),
    ]


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    with asyncio.Runner(loop_factory=_LOOPS[sys.argv[2]]) as runner:
        runner.run(keep(sys.argv[1]))
    os._exit(0)
