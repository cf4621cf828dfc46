"""The process provider's element, used in a browser as a person uses it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.browser import PROGRAM, Page, opened
from tests.system.child import EXAMPLES, REPOSITORY, Daemon, HomeFolder

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(PROGRAM is None, reason="chromium is not installed"),
    pytest.mark.timeout(180),
]

PANEL = "document.querySelector('core-process-panel').shadowRoot"
IS_LIVE = (
    "document.querySelector('core-process-panel')?.shadowRoot?.querySelector('[data-is=live]')"
)
HOSTILE = "<img src=x onerror=\"document.title='owned'\">"


@pytest.fixture
def daemon(home: HomeFolder, start_daemon: Callable[..., Daemon]) -> Daemon:
    providers = home.root / "providers"
    (providers / "process").symlink_to(REPOSITORY / "providers" / "process")
    (providers / "echo").symlink_to(EXAMPLES / "echo")
    daemon = start_daemon()
    daemon.wait_for("process", "echo")
    return daemon


async def start(page: Page, line: str) -> None:
    """Type a command, and Enter; back once it is the chosen one."""
    await page.click(f"{PANEL}.querySelector('[name=line]')")
    await page.type(line + "\n")
    await page.until(f"{PANEL}.querySelector('h3').textContent === {json.dumps(line)}")


async def press(page: Page, text: str) -> None:
    buttons = f"[...{PANEL}.querySelectorAll('button')]"
    await page.click(f"{buttons}.find((b) => b.textContent === {json.dumps(text)} && !b.hidden)")


def output_has(text: str) -> str:
    return f"{PANEL}.querySelector('.output').textContent.includes({json.dumps(text)})"


@pytest.mark.parametrize("via", ["name", "path"])
async def test_a_command_is_started_talked_to_and_killed(
    daemon: Daemon, tmp_path: Path, via: str
) -> None:
    async with opened(daemon, "process", via=via, profile=tmp_path / "profile") as page:
        await page.until(IS_LIVE)
        assert await page.value("location.pathname") == (
            "/" if via == "name" else "/api/v1/process/"
        )
        await start(page, "sh -c 'echo ready; echo careful >&2; exec cat'")
        await page.until(output_has("ready"))
        await page.until(f"{PANEL}.querySelector('.output .stderr')?.textContent === 'careful'")
        await page.click(f"{PANEL}.querySelector('.input input')")
        await page.type(HOSTILE + "\n")
        await page.until(output_has(HOSTILE))
        assert await page.value(f"{PANEL}.querySelector('.output img')") is None
        await press(page, "Kill")
        await page.until(f"{PANEL}.querySelector('.detail .state').textContent === 'SIGKILL'")
        await page.until(output_has("ended: SIGKILL"))
        await press(page, "Remove")
        await page.until(f"!{PANEL}.querySelector('.empty').hidden")
        assert await page.value("document.title") == "Processes"
        assert page.complaints == []


async def test_what_others_start_and_end_is_seen_at_once(daemon: Daemon, tmp_path: Path) -> None:
    async with opened(daemon, "process", via="name", profile=tmp_path / "profile") as page:
        await page.until(IS_LIVE)
        order = json.dumps({"command": "sh", "args": ["-c", "exit 3"]}).encode()
        answer = await asyncio.to_thread(
            daemon.ask,
            "/api/v1/process/processes",
            method="POST",
            body=order,
            headers={"Content-Type": "application/json"},
        )
        assert answer.status == 201
        await page.until(f"{PANEL}.querySelector('li .state')?.textContent === 'exit 3'")


async def test_a_mistake_is_told_in_words(daemon: Daemon, tmp_path: Path) -> None:
    notice = f"{PANEL}.querySelector('[role=alert]')"
    async with opened(daemon, "process", via="name", profile=tmp_path / "profile") as page:
        await page.until(IS_LIVE)
        for line, told in (("no-such-program", "not to be found"), ("echo 'x", "not closed")):
            await page.value(f"{PANEL}.querySelector('[name=line]').value = ''")
            await page.click(f"{PANEL}.querySelector('[name=line]')")
            await page.type(line + "\n")
            await page.until(
                f"!{notice}.hidden && {notice}.textContent.includes({json.dumps(told)})"
            )


async def test_it_is_live_again_after_the_provider_was_restarted(
    daemon: Daemon, tmp_path: Path
) -> None:
    async with opened(daemon, "process", via="name", profile=tmp_path / "profile") as page:
        await page.until(IS_LIVE)
        await start(page, "sleep 600")
        answer = await asyncio.to_thread(daemon.do, "restart", "process")
        assert answer.status == 200
        await page.until(f"!{PANEL}.querySelector('.empty').hidden && {IS_LIVE}")
        await start(page, "echo again")
        await page.until(output_has("again"))


async def test_it_works_in_a_page_of_another_place(daemon: Daemon, tmp_path: Path) -> None:
    async with opened(daemon, "echo", via="path", profile=tmp_path / "profile") as page:
        element = (await asyncio.to_thread(daemon.provider, "process"))["element"]
        await page.value(
            f"""import({json.dumps(element["source"])}).then(() => {{
                const panel = document.createElement({json.dumps(element["tag"])});
                panel.setAttribute("base", "/api/v1/process/");
                document.body.replaceChildren(panel);
            }})"""
        )
        await page.until(IS_LIVE)
        await start(page, "echo 'from elsewhere'")
        await page.until(output_has("from elsewhere"))


async def test_a_line_is_split_as_a_shell_would_without_one(daemon: Daemon, tmp_path: Path) -> None:
    table: list[tuple[str, list[str]]] = [
        ("", []),
        ("  a   b ", ["a", "b"]),
        ("'a b' c", ["a b", "c"]),
        ("x\"y z\"'!'", ["xy z!"]),
        ("'' \"\"", ["", ""]),
        (r"a\ b \'c", ["a b", "'c"]),
        (r'"\"\\ \n"', [r"\"\ \n".replace('\\"', '"')]),
        ("$HOME *.py | ; &", ["$HOME", "*.py", "|", ";", "&"]),
    ]
    async with opened(daemon, "process", via="name", profile=tmp_path / "profile") as page:
        for line, words in table:
            split = f"w.splitWords({json.dumps(line)})"
            again = f"w.splitWords(w.joinWords({json.dumps(words)}))"
            seen = await page.value(f"import('/assets/words.js').then((w) => [{split}, {again}])")
            assert seen == [words, words], line
