"""A subreaper for the tests: adopts what providers leave, and waits for programs of its own.

`orphanage.py LOOP` prints `well` when every orphan was reaped and no exit code was stolen.
"""

from __future__ import annotations

import asyncio
import os
import sys

import uvloop

from runtime_manager.process import tree
from runtime_manager.process.reaper import Orphans, become_subreaper, is_subreaper
from runtime_manager.process.spawn import spawn
from tests.component.process.acting import eventually, shell, soon

_LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


async def look_after() -> None:
    assert not is_subreaper()
    assert become_subreaper()
    assert is_subreaper()
    waited_for: set[int] = set()
    orphans = Orphans(lambda pid: pid in waited_for)
    codes = await soon(asyncio.gather(*(program(code, waited_for) for code in range(20))))
    assert codes == list(range(20)), codes
    await eventually(lambda: not tree.children(os.getpid()))
    orphans.close()
    print("well")


async def program(code: int, waited_for: set[int]) -> int | None:
    """It leaves two orphans, one of them in a session of its own, that end a little later."""
    leaves = "(sleep 0.05 &) ; (setsid sleep 0.1 &) ; exit $1"
    child = spawn(shell(leaves, str(code)))
    waited_for.add(child.pid)
    status = await child.wait()
    waited_for.discard(child.pid)
    child.close_output()
    return status.code


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=_LOOPS[sys.argv[1]]) as runner:
        runner.run(look_after())
