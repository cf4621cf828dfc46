"""The chat in a real browser, by name and by path: page, session, element and WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.browser import PROGRAM, opened
from tests.system.child import EXAMPLES, Daemon, HomeFolder

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(PROGRAM is None, reason="chromium is not installed"),
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


@pytest.mark.parametrize("via", ["name", "path"])
async def test_the_chat_is_used_in_a_browser(
    home: HomeFolder, start_daemon: Callable[..., Daemon], tmp_path: Path, via: str
) -> None:
    (home.root / "providers" / "chat").symlink_to(EXAMPLES / "chat")
    daemon = start_daemon()
    daemon.wait_for("chat")
    async with opened(daemon, "chat", via=via, profile=tmp_path / "profile") as page:
        await page.until("customElements.get('rtm-chat')")
        assert await page.value("document.title") == "Chat"
        assert await page.value(SAY_HELLO) == "hello <b>there</b>"
        path = await page.value("location.pathname")
        assert path == ("/" if via == "name" else "/api/v1/chat/")
        told = f"fetch('{daemon.url}/api/v1/providers').then(r => r.status, () => 'refused')"
        assert await page.value(told) in (401, 403, "refused")


async def test_the_dashboard_tells_what_is_wrong_and_what_is_to_be_minded(
    home: HomeFolder, start_daemon: Callable[..., Daemon], tmp_path: Path
) -> None:
    home.add("missing", binary="./not-there", args=[])
    home.add("exposed", *("--port", "{port}", "--host", "0.0.0.0"), start="manual")
    daemon = start_daemon()
    daemon.wait_for("missing", state="failed")
    async with opened(daemon, "dashboard", via="name", profile=tmp_path / "profile") as page:
        await page.until("document.body.innerText.includes('does not exist')")
        await asyncio.to_thread(daemon.do, "start", "exposed")
        await page.until("document.body.innerText.includes('other machines may reach it')")
        assert page.complaints == []
