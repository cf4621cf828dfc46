"""Which processes belong together."""

from __future__ import annotations

import os

from runtime_manager.process import tree
from tests.component.process.acting import fake, first_line, lines, python, started

SLEEPER = "import time; print('up', flush=True); time.sleep(100)"


async def test_a_tree_holds_descendants_and_the_session() -> None:
    async with started(fake("--grandchild", "--setsid-child", "--never-listen")) as child:
        told = {int(line.split()[1]) for line in await lines(child, 2)}
        assert set(tree.tree_pids(child.pid)) == {child.pid, *told}
        for pid in told:
            os.kill(pid, 9)


async def test_a_marker_is_found_by_its_beginning() -> None:
    home = f"treetest{os.getpid()}"
    async with started(python(SLEEPER, env={"RTM_INSTANCE": f"{home}/a/1"})) as child:
        await first_line(child)
        (found,) = tree.marked(f"{home}/")
        assert (found.pid, found.marker) == (child.pid, f"{home}/a/1")
        assert found.started_at == child.started_at
        assert tree.marked(f"{home}/b") == []


def test_what_is_gone_has_no_place() -> None:
    assert tree.kin(2**22 + 1) is None
    assert tree.started_at(2**22 + 1) is None
    assert tree.marker_of(2**22 + 1) is None


async def test_psutil_tells_the_same_where_there_is_no_proc() -> None:
    """The way taken on systems without /proc, asked here for the same facts."""
    async with started(python(SLEEPER, env={"RTM_INSTANCE": "treetest/b/2"})) as child:
        await first_line(child)
        by_proc, by_psutil = tree.kin(child.pid), tree.kin_by_psutil(child.pid)
        assert by_proc is not None
        assert by_psutil is not None
        assert (by_proc.parent, by_proc.group, by_proc.session) == (
            by_psutil.parent,
            by_psutil.group,
            by_psutil.session,
        )
        assert tree.marker_by_psutil(child.pid) == "treetest/b/2"
    assert tree.kin_by_psutil(child.pid) is None
    assert tree.marker_by_psutil(child.pid) is None
