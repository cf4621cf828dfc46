"""What a tree of processes uses."""

from __future__ import annotations

import os

from runtime_manager.process.usage import usage
from tests.component.process.acting import eventually, fake, lines, soon, started


async def test_the_whole_tree_is_added_up() -> None:
    async with started(fake("--grandchild", "--setsid-child", "--never-listen")) as child:
        told = [int(line.split()[1]) for line in await lines(child, 2)]
        found = usage(child.pid)
        assert found is not None
        assert found.processes == 3
        assert found.threads >= 3
        assert found.rss_bytes > 1024 * 1024
        assert found.cpu_seconds >= 0
        for pid in told:
            os.kill(pid, 9)


async def test_nothing_is_left_to_measure_of_what_is_gone() -> None:
    async with started(fake("--exit-after", "0", "--never-listen")) as child:
        await soon(child.wait())
        await eventually(lambda: usage(child.pid) is None)
