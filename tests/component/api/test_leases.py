"""Leases over HTTP: for a time, or as long as a connection is open."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp.test_utils import TestClient

from runtime_manager.daemon.lease_desk import LeaseDesk

Client = TestClient[Any, Any]
Eventually = Callable[[Callable[[], bool]], Awaitable[None]]
LEASES = "/api/v1/leases"


async def test_one_is_taken_listed_renewed_and_given_back(client: Client) -> None:
    async with client.post(LEASES, json={"name": "ide", "ttl": "30s"}) as response:
        assert response.status == 201
        lease = await response.json()
    assert (lease["name"], lease["kind"], lease["ttl_s"]) == ("ide", "ttl", 30)
    assert 0 < lease["ends_in_s"] <= 30
    async with client.get(LEASES) as response:
        listed = await response.json()
    assert listed["ends_with_last"] is False
    assert [x["id"] for x in listed["leases"]] == [lease["id"]]
    for renew in (client.put, client.post):
        async with renew(f"{LEASES}/{lease['id']}") as response:
            assert response.status == 200
            assert (await response.json())["id"] == lease["id"]
    async with client.delete(f"{LEASES}/{lease['id']}") as response:
        assert response.status == 200
    async with client.get(LEASES) as response:
        assert (await response.json())["leases"] == []


async def test_an_unknown_one_is_404_with_its_code(client: Client) -> None:
    for ask in (client.put, client.post, client.delete):
        async with ask(f"{LEASES}/nothing") as response:
            assert response.status == 404
            assert (await response.json())["code"] == "unknown-lease"


async def test_a_time_that_is_none_is_refused(client: Client) -> None:
    for body in ({}, {"ttl": "0s"}, {"ttl": "soon"}, {"ttl": "2d"}, {"ttl": 30, "nme": "x"}):
        async with client.post(LEASES, json=body) as response:
            assert response.status == 400, body


async def test_an_open_stream_is_a_lease_until_its_reader_goes(
    client: Client, desk: LeaseDesk, eventually: Eventually
) -> None:
    async with client.get(f"{LEASES}/hold?name=ide") as response:
        assert response.content_type == "text/event-stream"
        assert await response.content.readline() == b"event: lease\n"
        lease = json.loads((await response.content.readline()).removeprefix(b"data: "))
        assert (lease["name"], lease["kind"]) == ("ide", "connection")
        assert [x.id for x in desk.all.held] == [lease["id"]]
        assert b": still here\n" in [await response.content.readline() for _ in range(3)]
        response.close()
    await eventually(lambda: not desk.all.held)


async def test_who_holds_it_open_is_told_why_it_ends(client: Client, desk: LeaseDesk) -> None:
    async with client.get(f"{LEASES}/hold") as response:
        await response.content.readline()
        desk.close("SIGTERM")
        body = await response.content.read()
    assert body.endswith(b'event: ended\ndata: {"reason":"SIGTERM"}\n\n')
    assert not desk.all.held


async def test_a_daemon_that_ends_grants_none(client: Client, desk: LeaseDesk) -> None:
    desk.close("SIGTERM")
    async with client.post(LEASES, json={"ttl": "30s"}) as response:
        assert response.status == 503
        assert (await response.json())["code"] == "daemon-ending"
    async with client.get(f"{LEASES}/hold") as response:
        assert response.status == 503
