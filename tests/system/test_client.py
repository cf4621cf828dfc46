"""The asynchronous client, against a daemon that is another process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import aclosing

import aiohttp
import psutil
import pytest

from runtime_manager.client import Client, NoDaemonError, ProblemError
from runtime_manager.client.client import EndedError
from runtime_manager.client.whereabouts import read_whereabouts
from runtime_manager.errors import DaemonError, WaitTimeoutError
from runtime_manager.model.home import Home
from tests.system.child import Daemon, HomeFolder, wait_until_none_alive

PORT = ("--port", "{port}")
ANY = "127.0.0.1:0"


async def test_it_lists_starts_waits_and_stops(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    home.add("cool", start="manual")
    home.add("broken", *PORT, "--exit-after", "0", start="manual", restart={"max": 1})
    daemon = start_daemon()
    async with Client.connect(home.root) as client:
        assert client.url == daemon.url
        assert client.token == daemon.token
        assert [p.code for p in await client.providers()] == ["broken", "cool"]
        assert (await client.start("cool")).code == "cool"
        cool = await client.wait("cool", timeout_s=20)
        assert cool.is_ready
        assert (await client.provider("cool")).pid == cool.pid
        again = await client.restart("cool", wait_s=20)
        assert again.generation == cool.generation + 1
        assert (await client.stop("cool", wait_s=20)).state == "stopped"
        assert (await client.providers(with_usage=True))[1].facts["usage"] is None
        with pytest.raises(WaitTimeoutError, match="cool is not ready"):
            await client.wait("cool", timeout_s=0.05)
        with pytest.raises(ProblemError) as refused:
            await client.provider("nothing")
        assert refused.value.problem["code"] == "unknown-code"
        await client.start("broken")
        with pytest.raises(EndedError, match="broken is failed"):
            await client.wait("broken", timeout_s=20)


async def test_it_follows_events_and_what_is_printed(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    home.add("loud", *PORT, "--echo", "hello", "--stderr", "trouble", start="manual")
    start_daemon()
    seen = []
    async with Client.connect(home.root) as client, aclosing(client.events()) as events:
        snapshot = await anext(events)
        assert [p.state for p in snapshot.providers] == ["stopped"]
        await client.start("loud")
        async for event in events:
            seen.append((event.name, event.data.get("to")))
            if event.data.get("to") == "ready":
                break
        assert ("provider.state", "starting") in seen
        async with aclosing(client.logs("loud", follow=True, stream="stderr")) as lines:
            async with asyncio.timeout(10):
                assert (await anext(lines)).text == "trouble"
        assert "hello" in [line.text async for line in client.logs("loud")]


async def test_a_token_and_an_address_lead_through_the_gateway(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    home.add("cool")
    start_daemon()
    async with Client.connect(home.root) as client, aiohttp.ClientSession() as session:
        url = (await client.wait("cool")).url
        headers = {"Authorization": f"Bearer {client.token}"}
        async with session.get(f"{url}a?b=1", headers=headers) as response:
            assert (await response.json())["path"] == "/a?b=1"


async def test_where_no_daemon_runs_that_is_said(home: HomeFolder) -> None:
    with pytest.raises(NoDaemonError, match="no daemon runs"):
        async with Client.connect(home.root):
            pass


async def test_a_daemon_that_was_killed_is_not_believed(daemon: Daemon) -> None:
    daemon.process.kill()
    daemon.process.wait()
    with pytest.raises(NoDaemonError):
        async with Client.connect(daemon.home.root):
            pass


@pytest.fixture
def ends_by_itself(home: HomeFolder) -> Iterator[None]:
    """Nothing of the home may be alive soon after the test."""
    yield
    wait_until_none_alive(home, within_s=10)
    assert read_whereabouts(Home(home.root)) is None


async def gone(home: HomeFolder) -> None:
    """Return once every daemon that was started here has ended."""
    async with asyncio.timeout(20):
        while psutil.Process().children():
            await asyncio.sleep(0.02)
    assert not home.alive()


@pytest.mark.usefixtures("ends_by_itself")
async def test_two_that_start_one_at_once_share_it_and_the_last_one_out_ends_it(
    home: HomeFolder,
) -> None:
    home.add("shared")
    async with Client.connect(home.root, start=True, listen=ANY, name="first") as first:
        async with Client.connect(home.root, start=True, listen=ANY, name="second") as second:
            assert first.whereabouts == second.whereabouts
            pids = {(await client.wait("shared")).pid for client in (first, second)}
            assert len(pids) == 1
        assert (await first.provider("shared")).pid in pids
    await gone(home)
    assert (home.root / "logs" / "daemon.log").is_file()


@pytest.mark.usefixtures("ends_by_itself")
async def test_who_comes_while_the_last_one_goes_is_served(home: HomeFolder) -> None:
    home.add("slow", *PORT, "--term-delay", "0.2")

    async def visit() -> int:
        async with Client.connect(home.root, start=True, listen=ANY) as client:
            await client.providers()
            return client.whereabouts.pid

    pids = [await visit() for _ in range(3)]
    pids += await asyncio.gather(*(visit() for _ in range(3)))
    assert len(pids) == 6
    await gone(home)


async def test_a_daemon_that_cannot_start_says_why(home: HomeFolder) -> None:
    (home.root / "config.yaml").write_text("litsen: x\n")
    with pytest.raises(DaemonError, match="litsen"):
        async with Client.connect(home.root, start=True, listen=ANY):
            pass
    await gone(home)
