"""Programs that start the daemon are killed: it is gone soon, and so is all that it started."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.system.child import REPOSITORY, HomeFolder, environment

CLIENTS = REPOSITORY / "examples" / "clients"
RTM = (sys.executable, "-m", "runtime_manager")
NODE = shutil.which("node") or "node"
GONE_WITHIN_S = 5.0
"""What is promised; the machine may be busy with other tests, and it is met then too."""

COMMANDS = {
    "node": (NODE, str(CLIENTS / "node" / "ide.mjs"), *RTM),
    "child": (sys.executable, str(CLIENTS / "python" / "child.py"), *RTM),
    "attach": (sys.executable, str(CLIENTS / "python" / "attach.py")),
    "embed": (sys.executable, str(CLIENTS / "python" / "embed.py")),
}
EVERY = [
    pytest.param(name, marks=[pytest.mark.node] if name == "node" else []) for name in COMMANDS
]


class Parent:
    """A program of the examples, on a home."""

    def __init__(self, home: HomeFolder, name: str) -> None:
        if name == "node" and shutil.which("node") is None:
            pytest.skip("node is not installed")
        self.process = subprocess.Popen(
            COMMANDS[name],
            env=environment(CORE_HOME=str(home.root), PYTHONPATH=str(REPOSITORY)),
            stdout=subprocess.PIPE,
            text=True,
        )

    def until(self, beginning: str) -> str:
        """The line that begins so."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(beginning):
                return line.rstrip("\n")
        raise AssertionError(f"it ended before it said {beginning}")

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def parent(home: HomeFolder) -> Iterator[Callable[[str], Parent]]:
    started: list[Parent] = []

    def start(name: str) -> Parent:
        started.append(Parent(home, name))
        return started[-1]

    yield start
    for one in started:
        one.close()


def gone_after_s(home: HomeFolder, daemon: psutil.Process) -> float:
    """How long it takes from now until neither the daemon nor anything of the home is alive."""
    began = time.monotonic()
    while (daemon.is_running() and daemon.status() != psutil.STATUS_ZOMBIE) or home.alive():
        assert time.monotonic() < began + GONE_WITHIN_S, home.alive()
        time.sleep(0.01)
    return time.monotonic() - began


@pytest.mark.parametrize("name", EVERY)
def test_a_parent_that_is_killed_takes_everything_with_it(
    home: HomeFolder, parent: Callable[[str], Parent], name: str
) -> None:
    home.add("one")
    home.add("two", "--port", "{port}", "--grandchild", str(home.root / "grandchild"))
    program = parent(name)
    daemon = psutil.Process(int(program.until("listening").split()[3].rstrip(",")))
    assert {program.until("ready").split()[1] for _ in range(2)} == {"one", "two"}
    assert len(home.alive()) == 3
    program.process.kill()
    took_s = gone_after_s(home, daemon)
    print(f"{name}: all gone {took_s:.2f} s after kill -9")
    assert not Path(home.root / "run" / "runtime.json").exists() or name == "embed"


@pytest.mark.node
def test_a_node_ide_and_a_python_ide_share_one_daemon(
    home: HomeFolder, parent: Callable[[str], Parent]
) -> None:
    home.add("shared")
    first = parent("node")
    pid = int(first.until("listening").split()[3])
    first.until("ready shared")
    second = parent("child")
    assert second.until("listening").endswith(f"pid {pid}, shared")
    second.until("ready shared")
    third = parent("attach")
    assert third.until("listening").endswith(f"pid {pid}")
    third.until("ready shared")
    daemon = psutil.Process(pid)
    first.process.kill()
    second.process.kill()
    first.process.wait()
    second.process.wait()
    assert daemon.is_running()
    assert home.alive()
    third.process.kill()
    print(f"all gone {gone_after_s(home, daemon):.2f} s after the last of three was killed")
