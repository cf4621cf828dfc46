"""A new version takes an old one's place under load, or does not, and no request fails."""

from __future__ import annotations

import http.client
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from runtime_manager.cli.live_installation import installation_of
from runtime_manager.client.failures import ProblemError
from runtime_manager.model.home import Home
from runtime_manager.packages.candidate import LocalPackage, staged
from runtime_manager.packages.installation import Installation
from tests.system.child import FAKE, Daemon, HomeFolder

CLIENTS = 8
QUICKLY = "packages: {settle: 200ms}\n"


def package(folder: Path, version: str, *args: str, **fields: object) -> LocalPackage:
    """A package of the fake provider, whose program is in it."""
    folder.mkdir()
    (folder / "program.py").write_bytes(FAKE.read_bytes())
    manifest = {
        "code": "one",
        "version": version,
        "binary": sys.executable,
        "args": ["program.py", *(args or ("--port", "{port}"))],
        "env": {"SAYS": version},
        "health": {"start_timeout": "5s"},
        **fields,
    }
    (folder / "manifest.yaml").write_text(yaml.safe_dump(manifest))
    return LocalPackage(folder, str(folder))


def install(home: HomeFolder, given: LocalPackage) -> None:
    """By the daemon where one runs, as the command line does it."""
    place = Home(home.root)
    with staged(place, given) as candidate:
        installation_of(place, str(home.root)).install(candidate)


@contextmanager
def load(daemon: Daemon) -> Iterator[Counter[str]]:
    """Clients that ask without a pause; at the end, how often each answer came."""
    answers: Counter[str] = Counter()
    over = threading.Event()

    def ask() -> None:
        connection = http.client.HTTPConnection(daemon.authority, timeout=30)
        while not over.is_set():
            connection.request("GET", "/api/v1/one/env", headers={"X-RTM-Token": daemon.token})
            response = connection.getresponse()
            said = response.read()
            answers["ok" if response.status == 200 else f"{response.status} {said!r}"] += 1
        connection.close()

    clients = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        yield answers
    finally:
        over.set()
        for client in clients:
            client.join()


def said(daemon: Daemon) -> str:
    return str(daemon.ask("/api/v1/one/env").json["SAYS"])


@pytest.fixture
def running(home: HomeFolder, tmp_path: Path, start_daemon: object) -> Daemon:
    """A daemon with version 1.0 of the package installed."""
    (home.root / "config.yaml").write_text(QUICKLY)
    install(home, package(tmp_path / "v1", "1.0"))
    daemon: Daemon = start_daemon()  # type: ignore[operator]
    daemon.wait_for("one")
    return daemon


def test_an_upgrade_under_load_fails_no_request(
    home: HomeFolder, running: Daemon, tmp_path: Path
) -> None:
    old = running.provider("one")
    with load(running) as answers, running.watch() as events:
        install(home, package(tmp_path / "v2", "2.0"))
        seen = events.until_named("package.installed")
    assert set(answers) == {"ok"}, answers
    assert seen["data"] == {"version": "2.0", "before": "1.0"}
    new = running.provider("one")
    assert (new["version"], new["generation"], said(running)) == ("2.0", 2, "2.0")
    assert new["pid"] != old["pid"]
    listed = running.ask("/api/v1/packages").json["packages"]
    assert [(one["version"], one["previous"]) for one in listed] == [("2.0", ["1.0"])]


def test_a_broken_version_under_load_fails_no_request_and_is_told(
    home: HomeFolder, running: Daemon, tmp_path: Path
) -> None:
    old = running.provider("one")
    broken = (
        "--never-listen",
        "--exit-after",
        "0.2",
        "--exit-code",
        "3",
        "--stderr",
        "no such table: things",
    )
    with load(running) as answers, running.watch() as events:
        with pytest.raises(ProblemError) as refused:
            install(home, package(tmp_path / "v2", "2.0", *broken))
        told = events.until_named("package.refused")
    assert told["data"] == {"version": "2.0", "reason": refused.value.message}
    assert set(answers) == {"ok"}, answers
    assert refused.value.problem["code"] == "upgrade-refused"
    assert "exit code 3" in refused.value.message
    assert "no such table: things" in refused.value.message
    now = running.provider("one")
    assert (now["pid"], now["version"]) == (old["pid"], "1.0")
    registry = Installation(Home(home.root)).registry()
    assert registry.providers["one"].version == "1.0"


def test_going_back_passes_the_same_gate(home: HomeFolder, running: Daemon, tmp_path: Path) -> None:
    install(home, package(tmp_path / "v2", "2.0"))
    with load(running) as answers:
        installation_of(Home(home.root), str(home.root)).switch("one")
    assert set(answers) == {"ok"}, answers
    assert said(running) == "1.0"


def test_what_is_installed_and_uninstalled_comes_and_goes_at_once(
    home: HomeFolder, tmp_path: Path, daemon: Daemon
) -> None:
    place = Home(home.root)
    install(home, package(tmp_path / "v1", "1.0"))
    daemon.wait_for("one")
    assert said(daemon) == "1.0"
    installation_of(place, str(home.root)).uninstall("one", purge=True)
    assert daemon.ask("/api/v1/one/env").status == 404
    assert daemon.ask("/api/v1/providers").json["providers"] == []
    assert not home.data("one").exists() or not list(home.data("one").iterdir())
    assert not [args for args in home.alive().values() if "program.py" in args]


def test_one_that_rests_is_not_started_for_its_upgrade(
    home: HomeFolder, running: Daemon, tmp_path: Path
) -> None:
    running.do("stop", "one")
    install(home, package(tmp_path / "v2", "2.0"))
    view = running.provider("one")
    assert (view["version"], view["state"], view["pid"]) == ("2.0", "stopped", None)
    running.do("start", "one")
    assert said(running) == "2.0"
