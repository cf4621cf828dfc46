"""A supervisor with real processes and no gateway: what it publishes is noted."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from runtime_manager.clock import SystemClock
from runtime_manager.daemon.watchmen import watchmen
from runtime_manager.gateway.flow import Traffic
from runtime_manager.gateway.routes import RouteTable
from runtime_manager.model.home import Home
from runtime_manager.model.manifest import Manifest
from runtime_manager.model.provider import Provider
from runtime_manager.process.log_file import LogWriter, RotatedFile
from runtime_manager.process.output import Output
from runtime_manager.supervisor.board import Board
from runtime_manager.supervisor.events import Event, EventLog
from runtime_manager.supervisor.launcher import Launcher
from runtime_manager.supervisor.supervisor import Supervisor
from runtime_manager.supervisor.view import ProviderView
from runtime_manager.supervisor.world import World

FAKE = Path(__file__).resolve().parents[2] / "providers" / "fake" / "fake_provider.py"


class Plane:
    """A gateway that acknowledges at once; `under_way` is what it says is in flight."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self.tables: list[RouteTable] = []
        self.under_way: dict[tuple[str, int], int] = {}

    def publish(self, table: RouteTable) -> None:
        self.tables.append(table)
        self._board.acknowledged(table.revision)

    def traffic(self, code: str) -> Traffic:
        return Traffic(sum(n for (owner, _), n in self.under_way.items() if owner == code))

    def in_flight(self, code: str, generation: int) -> int:
        return self.under_way.get((code, generation), 0)


class Stage:
    """The supervisor under test, and what a test asks of it."""

    def __init__(self, supervisor: Supervisor, *, plane: Plane, board: Board, home: Home) -> None:
        self.supervisor = supervisor
        self.board = board
        self.plane = plane
        self.home = home

    def add(self, code: str, *args: str, **fields: object) -> None:
        """Take on the fake provider under `code`, with these arguments."""
        self.supervisor.add(self.reading(code, *args, **fields))

    def reading(self, code: str, *args: str, **fields: object) -> Provider:
        """The fake provider under `code`, as a package that says this."""
        manifest = Manifest.model_validate(
            {"code": code, "binary": sys.executable, "args": [str(FAKE), *args], **fields}
        )
        folder = self.home.providers / code
        folder.mkdir(parents=True, exist_ok=True)
        return Provider(manifest, folder, folder / "manifest.yaml")

    async def until(self, code: str, *states: str, timeout_s: float = 20) -> ProviderView:
        """The provider once it is in one of `states`."""
        return await self.supervisor.wait(
            code, until=lambda view: view.state in states, timeout_s=timeout_s
        )

    async def eventually(self, holds: Callable[[], bool], *, within_s: float = 10) -> None:
        """Wait for what no event tells of, such as a pid that is gone."""
        async with asyncio.timeout(within_s):
            while not holds():
                await asyncio.sleep(0.005)

    def states(self, code: str) -> list[object]:
        """The states it came into, in order, from the event log."""
        events: tuple[Event, ...] = self.supervisor.events.recent(0) or ()
        return [e.data["to"] for e in events if e.name == "provider.state" and e.code == code]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    home, clock = Home(tmp_path / "h"), SystemClock()
    for folder in (home.sockets, home.providers):
        folder.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        men = await watchmen(home, clock=clock, stack=stack)
        board = Board()
        launcher = Launcher(
            home=home,
            guard=men.guard,
            prober=men.prober,
            waited_for=men.waited_for,
            cgroups=men.cgroups,
            environ=os.environ,
            base_url="http://127.0.0.1:1",
        )
        writer = LogWriter()
        stack.callback(writer.close)

        def output(provider: Provider) -> Output:
            file = RotatedFile(home.logs(provider.code) / "output.log")
            return Output(clock=clock, writer=writer, file=file, ring_lines=500)

        supervisor = Supervisor(World(launcher, board, EventLog(clock), clock), new_output=output)
        plane = Plane(board)
        board.connect(plane)
        yield Stage(supervisor, plane=plane, board=board, home=home)
        await supervisor.close(asyncio.Event(), timeout_s=20)
    if home.sockets != home.run:
        home.sockets.rmdir()
