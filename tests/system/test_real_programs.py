"""Real programs as providers, installed from PyPI: what the whole project is for."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin

import aiohttp
import pytest

from tests.system.child import REPOSITORY, Daemon, HomeFolder, environment

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]

PACKAGES = REPOSITORY / "tests" / "providers" / "real"
INSTALLED = REPOSITORY / ".real-programs"
JUPYTER_TOKEN = "the-token-of-jupyter"


@pytest.fixture(scope="session")
def programs() -> Path:
    """The folder of the installed programs; made once, and again when the requirements change."""
    requirements = PACKAGES / "requirements.txt"
    stamp = INSTALLED / "requirements.txt"
    wanted = f"# {sys.version}\n{requirements.read_text()}"
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(INSTALLED)], check=True)
        pip = [str(INSTALLED / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        pip += ["--disable-pip-version-check", "--requirement", str(requirements)]
        subprocess.run(pip, check=True)
        stamp.write_text(wanted)
    return INSTALLED / "bin"


@pytest.fixture
def start_with_programs(
    start_daemon: Callable[..., Daemon], programs: Path
) -> Callable[[], Daemon]:
    """Starts the daemon with the installed programs on its PATH, and Jupyter's token."""
    path = f"{programs}{os.pathsep}{environment()['PATH']}"
    return lambda: start_daemon(PATH=path, JUPYTER_TOKEN=JUPYTER_TOKEN)


@pytest.fixture
def datasette(home: HomeFolder, start_with_programs: Callable[[], Daemon]) -> Daemon:
    home.add_folder(PACKAGES / "datasette")
    database = sqlite3.connect(home.data("datasette") / "library.db")
    with database:
        database.execute("create table books (id integer primary key, title text)")
        database.executemany("insert into books (title) values (?)", [("Solaris",), ("Eden",)])
    database.close()
    daemon = start_with_programs()
    daemon.wait_for("datasette")
    return daemon


def links(page: str, *, at: str) -> set[str]:
    """Where a page leads to on its own host, as paths."""
    hrefs = re.findall(r'(?:href|src)="([^"#]+)"', page.replace("&amp;", "&"))
    absolute = (urljoin(at, href) for href in hrefs)
    origin = "/".join(at.split("/")[:3])
    return {url.removeprefix(origin) for url in absolute if url.startswith(origin + "/")}


def test_datasettes_pages_and_all_their_links_work_by_path(datasette: Daemon) -> None:
    base = "/api/v1/datasette/"
    for path in (base, f"{base}library", f"{base}library/books"):
        page = datasette.ask(path)
        assert page.status == 200, path
        found = links(page.text, at=datasette.url + path)
        assert len(found) > 4
        assert all(link.startswith(base) for link in found), found
        statuses = {link: datasette.ask(link).status for link in found}
        assert set(statuses.values()) <= {200, 302}, statuses
    assert "Solaris" in datasette.ask(f"{base}library/books").text


def test_datasettes_pages_and_their_links_work_by_name(datasette: Daemon) -> None:
    host = datasette.name("datasette")
    for path in ("/", "/library", "/library/books"):
        page = datasette.ask(path, host=host)
        assert page.status == 200, path
        found = links(page.text, at=f"http://{host}{path}")
        statuses = {link: datasette.ask(link, host=host).status for link in found}
        assert len(found) > 4
        assert set(statuses.values()) <= {200, 302}, statuses


def test_datasette_answers_a_query_as_json(datasette: Daemon) -> None:
    query = "library.json?sql=select+title+from+books+where+title+%3E+:after&after=F&_shape=array"
    answer = datasette.ask(f"/api/v1/datasette/{query}")
    assert answer.json == [{"title": "Solaris"}]


@pytest.mark.parametrize("is_by_name", [False, True], ids=["by path", "by name"])
async def test_a_jupyter_kernel_computes_over_a_web_socket(
    home: HomeFolder, start_with_programs: Callable[[], Daemon], is_by_name: bool
) -> None:
    home.add_folder(PACKAGES / "jupyter")
    daemon = start_with_programs()
    daemon.wait_for("jupyter")
    headers = {"X-RTM-Token": daemon.token, "Authorization": f"token {JUPYTER_TOKEN}"}
    if is_by_name:
        host = daemon.name("jupyter")
        headers |= {"Host": host, "Origin": f"http://{host}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        kernels = f"{daemon.url}/api/v1/jupyter/api/kernels"
        async with session.post(kernels) as started:
            assert started.status == 201
            kernel = (await started.json())["id"]
        async with session.ws_connect(f"{kernels}/{kernel}/channels") as socket:
            assert await result_of("6*7", socket) == "42"
    assert len(home.alive()) > 1  # the kernel, in a session of its own: the end takes it too


async def result_of(code: str, socket: aiohttp.ClientWebSocketResponse) -> str:
    """Run `code` in the kernel at the other end (Jupyter's messaging protocol, 5.3)."""
    header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "version": "5.3"}
    header |= {"session": uuid.uuid4().hex, "username": "test"}
    await socket.send_json(
        {
            "header": header,
            "parent_header": {},
            "metadata": {},
            "channel": "shell",
            "content": {"code": code, "silent": False},
        }
    )
    while True:
        message = await socket.receive_json(timeout=60)
        if message["msg_type"] == "execute_result":
            return message["content"]["data"]["text/plain"]


def test_jupyter_keeps_its_own_token_behind_ours(
    home: HomeFolder, start_with_programs: Callable[[], Daemon]
) -> None:
    home.add_folder(PACKAGES / "jupyter")
    daemon = start_with_programs()
    daemon.wait_for("jupyter")
    path = "/api/v1/jupyter/api/kernels"
    assert daemon.ask(path, has_token=False).status == 401
    assert daemon.ask(path).status == 403
    theirs = {"Authorization": f"token {JUPYTER_TOKEN}"}
    assert daemon.ask(path, headers=theirs).status == 200
