"""`rtm why`, with the daemon's facts and without a daemon."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.component.cli.canned import BROKEN_IN_FULL, COOL, CannedDaemon, Rtm
from tests.component.cli.test_offline import install

if TYPE_CHECKING:
    from runtime_manager.model.home import Home


def resting() -> dict[str, object]:
    """One that rests after two failures, as it is now."""
    now = datetime.now(UTC)
    a_minute_ago = (now - timedelta(seconds=70)).isoformat()
    return {
        **BROKEN_IN_FULL,
        "state": "backoff",
        "retry_at": (now + timedelta(hours=1)).isoformat(),
        "exits": [
            {"generation": 1, "at": a_minute_ago, "status": "exit code 2", "left": 0},
            {"generation": 2, "at": a_minute_ago, "status": "exit code 3", "left": 1},
        ],
    }


def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_all_that_helps_is_told_and_what_to_do(daemon: CannedDaemon, rtm: Rtm) -> None:
    daemon.answer("GET", "/api/v1/providers/broken", resting())
    said = rtm("why", "broken")
    assert said.code == 1
    told = squeezed(said.out)
    for fact in (
        "broken backoff for 2h",
        "why exit code 3 before it was ready",
        "last probe connection refused",
        "exits exit code 3, 1m ago (generation 2), 1 of its processes had to be killed "
        "exit code 2, 1m ago (generation 1)",
        "needs cool is ready",
        "stderr Traceback (most recent call last): KeyError: 'PORT'?[31m",
        "next try in 3",
        "folder /srv/providers/broken",
        "do rtm logs broken shows its output rtm start broken tries again at once",
    ):
        assert fact in told


def test_who_holds_its_port_is_told(
    daemon: CannedDaemon, rtm: Rtm, listening: socket.socket
) -> None:
    endpoint = f"127.0.0.1:{listening.getsockname()[1]}"
    daemon.answer("GET", "/api/v1/providers/broken", {**resting(), "endpoint": endpoint})
    assert f"port {endpoint} is held by " in squeezed(rtm("why", "broken").out)


def test_of_one_that_is_ready_nothing_is_wrong(daemon: CannedDaemon, rtm: Rtm) -> None:
    said = rtm("why", "cool")
    assert said.code == 0
    assert "nothing is wrong: it is ready" in said.out
    assert "serving" not in said.out
    assert rtm("why", "cool", "--format", "json").document["is_well"] is True


def test_for_programs_it_is_the_providers_document_and_more(daemon: CannedDaemon, rtm: Rtm) -> None:
    document = rtm("why", "broken", "--format", "json").document
    assert document["last_exit"] == "exit code 3"
    assert document["needs"] == [{"code": "cool", "state": "ready", "reason": ""}]
    assert document["advice"][0] == "rtm logs broken shows its output"


def test_every_mistake_of_a_manifest_is_told(daemon: CannedDaemon, home: Home, rtm: Rtm) -> None:
    install(home, "odd", "code: odd\nnamme: x\nlisten: prot\n")
    odd = {**COOL, "code": "odd", "state": "invalid", "manifest_error": "line 2; and 1 more"}
    daemon.answer("GET", "/api/v1/providers/odd", {**odd, "folder": str(home.providers / "odd")})
    said = rtm("why", "odd")
    assert said.code == 1
    assert "odd/manifest.yaml:2: namme" in said.out
    assert "odd/manifest.yaml:3: listen" in said.out


def test_one_that_the_daemon_has_not_read_is_told(
    daemon: CannedDaemon, home: Home, rtm: Rtm
) -> None:
    install(home, "fresh", "code: fresh\nbinary: sh\n")
    said = rtm("why", "fresh")
    assert said.code == 1
    assert "the daemon has not read it yet" in said.out


def test_an_unknown_code_is_told_with_the_nearest(daemon: CannedDaemon, rtm: Rtm) -> None:
    said = rtm("why", "col")
    assert (said.code, said.err) == (
        4,
        "rtm: no provider has the code 'col'\nhint: did you mean cool?\n",
    )


@pytest.mark.parametrize(
    ("manifest", "code", "words"),
    [
        ("code: mine\nbinary: sh\n", 3, "no daemon runs for this home"),
        ("code: mine\nbinary: ./none\n", 3, "the program ./none does not exist"),
        ("code: mine\nnamme: x\n", 78, "mine/manifest.yaml:2: namme"),
    ],
)
def test_without_a_daemon_the_files_tell(
    manifest: str, code: int, words: str, home: Home, rtm: Rtm
) -> None:
    install(home, "mine", manifest)
    said = rtm("why", "mine")
    assert said.code == code
    assert words in said.out


def test_without_a_daemon_an_unknown_code_is_one_too(home: Home, rtm: Rtm) -> None:
    install(home, "mine", "code: mine\nbinary: sh\n")
    said = rtm("why", "mina")
    assert said.code == 4
    assert "did you mean `mine`?" in said.err


def test_settings_that_stop_every_daemon_are_told(home: Home, rtm: Rtm) -> None:
    home.config.write_text("lisen: x\n")
    said = rtm("why", "mine")
    assert said.code == 78
    assert "config.yaml:1" in said.err
