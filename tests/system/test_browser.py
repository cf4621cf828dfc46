"""The chat in a real browser, by name and by path: page, session, element and WebSocket."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.system.child import EXAMPLES, Daemon, HomeFolder

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed"),
    pytest.mark.timeout(120),
]

SAY_HELLO = """
new Promise((done) => {
  const room = document.querySelector("rtm-chat").shadowRoot;
  const log = room.querySelector("ol");
  const told = room.querySelector("[role=status]");
  new MutationObserver(() => done(log.textContent)).observe(log, { childList: true });
  const send = () => {
    if (!told.textContent.includes("here")) return;
    room.querySelector("input").value = "hello <b>there</b>";
    room.querySelector("form").requestSubmit();
  };
  new MutationObserver(send).observe(told, { childList: true });
  send();
})
"""


class Page:
    """A browser's page, driven by the Chrome DevTools Protocol."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = itertools.count(1)

    async def call(self, method: str, **params: object) -> dict[str, Any]:
        number = next(self._ids)
        await self._socket.send_json({"id": number, "method": method, "params": params})
        while True:
            message = await self._socket.receive_json(timeout=30)
            if message.get("id") == number:
                assert "error" not in message, message
                return message["result"]

    async def go(self, url: str) -> None:
        """Open `url` and wait for the page to be loaded."""
        await self.call("Page.enable")
        await self.call("Page.navigate", url=url)
        while True:
            message = await self._socket.receive_json(timeout=30)
            if message.get("method") == "Page.loadEventFired":
                return

    async def value(self, expression: str) -> Any:
        """What the expression, or its promise, comes to."""
        result = await self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in result, result
        return result["result"]["value"]


@asynccontextmanager
async def browser_page(profile: Path) -> AsyncIterator[Page]:
    """A page in a headless browser with a profile of its own."""
    assert CHROMIUM is not None
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    flags += ["--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"]
    process = await asyncio.create_subprocess_exec(
        CHROMIUM, *flags, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        assert process.stderr is not None
        async for line in process.stderr:
            if line.startswith(b"DevTools listening on ws://"):
                port = line.split(b"/")[2].decode().rpartition(":")[2]
                break
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as listed:
                pages = [page for page in await listed.json() if page["type"] == "page"]
            address = pages[0]["webSocketDebuggerUrl"]
            async with session.ws_connect(address, max_msg_size=0) as socket:
                yield Page(socket)
                await Page(socket).call("Browser.close")
    finally:
        if process.returncode is None:
            await asyncio.wait([asyncio.ensure_future(process.communicate())], timeout=10)
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("via", ["name", "path"])
async def test_the_chat_is_used_in_a_browser(
    home: HomeFolder, start_daemon: Callable[..., Daemon], tmp_path: Path, via: str
) -> None:
    (home.root / "providers" / "chat").symlink_to(EXAMPLES / "chat")
    daemon = start_daemon()
    daemon.wait_for("chat")
    opened = await asyncio.to_thread(daemon.rtm, "open", "chat", "--print", "--via", via)
    async with browser_page(tmp_path / "profile") as page:
        await page.go(opened.stdout.strip())
        assert await page.value("document.title") == "Chat"
        assert await page.value(SAY_HELLO) == "hello <b>there</b>"
        path = await page.value("location.pathname")
        assert path == ("/" if via == "name" else "/api/v1/chat/")
        told = f"fetch('{daemon.url}/api/v1/providers').then(r => r.status, () => 'refused')"
        assert await page.value(told) in (401, 403, "refused")
