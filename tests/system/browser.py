"""A headless Chromium, driven over its DevTools protocol; nothing else is needed than aiohttp."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.system.child import Daemon

PROGRAM = shutil.which("chromium") or shutil.which("google-chrome")
ANSWER_S = 30.0
_FLAGS = (
    "--headless",
    "--remote-debugging-port=0",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-breakpad",
    "--disable-dev-shm-usage",
)


class Page:
    """One tab. `complaints` are uncaught errors and what the console was told as an error."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._calls = 0
        self._session = ""
        self.complaints: list[str] = []

    async def open(self) -> None:
        """Make the tab, with 1100 by 760 points."""
        target = await self.call("Target.createTarget", url="about:blank")
        attached = await self.call(
            "Target.attachToTarget", targetId=target["targetId"], flatten=True
        )
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            await self.call(f"{domain}.enable")
        await self.resize(1100, 760)

    async def call(self, method: str, **params: object) -> Any:
        """One command, and its result; what the page complains of meanwhile is kept."""
        self._calls += 1
        call: dict[str, object] = {"id": self._calls, "method": method, "params": params}
        if self._session:
            call["sessionId"] = self._session
        await self._socket.send_json(call)
        while True:
            message = await self._socket.receive_json(timeout=ANSWER_S)
            self._note(message)
            if message.get("id") == self._calls:
                assert "error" not in message, message
                return message["result"]

    async def resize(self, width: int, height: int) -> None:
        """Set the size of the window, in points."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    async def prefer(self, scheme: str) -> None:
        """Light or dark."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        await self.call("Emulation.setEmulatedMedia", features=[feature])

    async def go(self, url: str) -> None:
        """Open an address."""
        result = await self.call("Page.navigate", url=url)
        assert "errorText" not in result, result

    async def value(self, expression: str) -> Any:
        """What a JavaScript expression comes to; a promise is awaited."""
        result = await self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    async def until(self, expression: str) -> None:
        """Return once an expression is true; it is looked at some sixty times a second."""
        look = f"new Promise((go) => setTimeout(() => go(Boolean({expression})), 16))"
        async with asyncio.timeout(ANSWER_S):
            while not await self.value(look):
                pass

    async def click(self, node: str) -> None:
        """Press the mouse in the middle of a node, given as an expression."""
        x, y = await self.value(
            f"""((node) => {{
                node.scrollIntoView({{ block: "nearest" }});
                const box = node.getBoundingClientRect();
                return [box.x + box.width / 2, box.y + box.height / 2];
            }})({node})"""
        )
        for kind in ("mousePressed", "mouseReleased"):
            await self.call(
                "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1
            )

    async def type(self, text: str) -> None:
        """Type into what has the focus; a newline is the Enter key."""
        for part in text.splitlines(keepends=True):
            await self.call("Input.insertText", text=part.rstrip("\n"))
            if part.endswith("\n"):
                key = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
                await self.call("Input.dispatchKeyEvent", type="keyDown", text="\r", **key)
                await self.call("Input.dispatchKeyEvent", type="keyUp", **key)

    async def picture(self) -> bytes:
        """The window as PNG."""
        shot = await self.call("Page.captureScreenshot", format="png")
        return base64.b64decode(shot["data"])

    def _note(self, message: dict[str, Any]) -> None:
        params = message.get("params", {})
        if message.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(params["exceptionDetails"]))
        elif message.get("method") == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.complaints.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")


@asynccontextmanager
async def chromium(profile: Path) -> AsyncIterator[Page]:
    """A browser with an empty profile and one tab; gone afterwards."""
    assert PROGRAM is not None
    flags = [*_FLAGS, f"--user-data-dir={profile}"]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")  # it refuses to run as root otherwise
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        *flags,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(await _devtools(process), max_msg_size=0) as socket,
        ):
            page = Page(socket)
            await page.open()
            yield page
            page._session = ""
            await page.call("Browser.close")
            await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


@asynccontextmanager
async def opened(daemon: Daemon, code: str, *, via: str, profile: Path) -> AsyncIterator[Page]:
    """A page of a provider, signed in by a one-time address."""
    told = await asyncio.to_thread(daemon.rtm, "open", code, "--print", "--via", via)
    async with chromium(profile) as page:
        await page.go(told.stdout.strip())
        await page.until(
            "document.readyState === 'complete' && location.pathname !== '/_rtm/session'"
        )
        yield page


async def _devtools(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    said = b""
    async with asyncio.timeout(ANSWER_S):
        async for line in process.stderr:
            said += line
            if line.startswith(b"DevTools listening on "):
                return line.split()[-1].decode()
    raise AssertionError(f"chromium did not start: {said.decode()}")
