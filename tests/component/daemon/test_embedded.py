"""The daemon inside a program: it comes and goes with a context, and leaves the rest alone."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
import structlog

from runtime_manager import RuntimeManager
from runtime_manager.client import Client, NoDaemonError
from runtime_manager.errors import AlreadyRunningError, DaemonError, SettingsError
from runtime_manager.process.reaper import is_subreaper
from tests.system.child import HomeFolder

ANY = "127.0.0.1:0"


@pytest.fixture
def home(tmp_path: Path) -> HomeFolder:
    return HomeFolder(tmp_path / "h")


async def test_providers_live_as_long_as_the_context(home: HomeFolder) -> None:
    home.add("cool")
    async with RuntimeManager(home.root, listen=ANY) as manager, aiohttp.ClientSession() as session:
        cool = await manager.wait("cool", timeout_s=20)
        assert cool.url == f"{manager.url}/api/v1/cool/"
        headers = {"X-RTM-Token": manager.token}
        async with session.get(f"{cool.url}a", headers=headers) as response:
            assert (await response.json())["path"] == "/a"
        assert [p.code for p in await manager.providers()] == ["cool"]
        assert (await manager.stop("cool", wait_s=20)).state == "stopped"
        assert (await manager.start("cool", wait_s=20)).is_ready
        assert (await manager.restart("cool", wait_s=20)).generation == 3
        assert (await anext(manager.events())).name == "snapshot"
        assert home.alive()
    assert not home.alive()
    assert not (home.root / "run" / "runtime.json").exists()
    with pytest.raises(DaemonError, match="does not run"):
        _ = manager.url


async def test_what_is_the_programs_own_is_left_alone(
    home: HomeFolder, capfd: pytest.CaptureFixture[str]
) -> None:
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
    before = [signal.getsignal(number) for number in numbers]
    was_subreaper = is_subreaper()
    home.add("loud", "--port", "{port}", "--echo", "to stdout")
    async with RuntimeManager(home.root, listen=ANY) as manager:
        await manager.wait("loud", timeout_s=20)
        own = await asyncio.create_subprocess_exec(sys.executable, "-c", "raise SystemExit(7)")
        assert await own.wait() == 7
        assert [signal.getsignal(number) for number in numbers] == before
        assert is_subreaper() == was_subreaper
    assert capfd.readouterr().out == ""


async def test_the_lock_of_the_home_is_respected_and_taken(home: HomeFolder) -> None:
    async with RuntimeManager(home.root, listen=ANY) as manager:
        with pytest.raises(AlreadyRunningError, match=manager.url):
            await RuntimeManager(home.root, listen=ANY).__aenter__()
        async with Client.connect(home.root) as client:
            assert client.url == manager.url
        listed = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "runtime_manager", "list", "--home", str(home.root)],
            capture_output=True,
            check=False,
        )
        assert listed.returncode == 0
    with pytest.raises(NoDaemonError):
        async with Client.connect(home.root):
            pass


async def test_settings_are_taken_and_checked(home: HomeFolder) -> None:
    settings = {"gateway.wait": "50ms"}
    home.add("slow", "--port", "{port}", "--ready-after", "60", health={"start_timeout": "1m"})
    async with RuntimeManager(home.root, listen=ANY, settings=settings) as manager:
        headers, url = {"X-RTM-Token": manager.token}, f"{manager.url}/api/v1/slow/"
        async with aiohttp.request("GET", url, headers=headers) as response:
            assert response.status == 503
    with pytest.raises(SettingsError, match="did you mean `wait`"):
        await RuntimeManager(home.root, settings={"gateway.wiat": 1}).__aenter__()
    async with RuntimeManager(home.root, listen=ANY):
        pass


async def test_a_context_that_is_cancelled_stops_its_providers(home: HomeFolder) -> None:
    home.add("cool")
    is_up = asyncio.Event()

    async def run() -> None:
        async with RuntimeManager(home.root, listen=ANY) as manager:
            await manager.wait("cool", timeout_s=20)
            is_up.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(run())
    await is_up.wait()
    assert home.alive()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not home.alive()


async def test_it_can_run_again(home: HomeFolder) -> None:
    manager = RuntimeManager(home.root, listen=ANY)
    for _ in range(2):
        async with manager:
            assert await manager.providers() == []


@pytest.fixture(autouse=True)
def log_is_as_it_was() -> object:
    """The log's configuration is the process's own."""
    was = structlog.get_config() if structlog.is_configured() else None
    yield
    structlog.reset_defaults()
    if was is not None:
        structlog.configure(**was)
