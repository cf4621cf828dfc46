from __future__ import annotations

import asyncio

from runtime_manager.gateway.flow import Traffic
from runtime_manager.gateway.routes import Gate, Route, RouteTable
from runtime_manager.supervisor.board import Board


class Plane:
    """A gateway that acknowledges only when told to."""

    def __init__(self) -> None:
        self.tables: list[RouteTable] = []
        self.under_way: dict[tuple[str, int], int] = {}

    def publish(self, table: RouteTable) -> None:
        self.tables.append(table)

    def traffic(self, code: str) -> Traffic:
        return Traffic(2, 3)

    def in_flight(self, code: str, generation: int) -> int:
        return self.under_way.get((code, generation), 0)


def route(code: str, *, gate: Gate = Gate.CLOSED, generation: int = 1) -> Route:
    return Route(f"/api/v1/{code}", code, gate, None, generation)


def test_each_change_is_a_new_revision_and_the_same_route_is_none() -> None:
    plane, board = Plane(), Board([route("rtm")])
    board.connect(plane)
    assert [board.put(route("a")), board.put(route("a")), board.put(route("b"))] == [1, 1, 2]
    assert [table.revision for table in plane.tables] == [0, 1, 2]
    assert [r.code for r in plane.tables[-1].routes] == ["rtm", "a", "b"]


async def test_closed_waits_for_the_acknowledgement_and_for_what_is_under_way(
    no_tasks_left: None,
) -> None:
    plane, board = Plane(), Board()
    board.connect(plane)
    revision = board.put(route("a"))
    plane.under_way["a", 1] = 1
    closed = asyncio.ensure_future(board.closed("a", generation=1, revision=revision))
    await asyncio.sleep(0)
    board.acknowledged(revision)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not closed.done()
    plane.under_way["a", 1] = 0
    board.settled("a", 1)
    await closed


async def test_without_a_gateway_nothing_is_waited_for() -> None:
    board = Board()
    assert board.traffic("a") == Traffic(0, 0)
    await board.closed("a", generation=1, revision=board.put(route("a")))


async def test_a_cancelled_wait_leaves_nothing(no_tasks_left: None) -> None:
    plane, board = Plane(), Board()
    board.connect(plane)
    try:
        async with asyncio.timeout(0):
            await board.closed("a", generation=1, revision=board.put(route("a")))
    except TimeoutError:
        board.acknowledged(1)
    assert board.in_flight("a", 1) == 0
