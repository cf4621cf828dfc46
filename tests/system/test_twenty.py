"""Twenty providers of which five are broken, each in another way."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from tests.system.child import Daemon, HomeFolder

PORT = ("--port", "{port}")
GOOD = tuple(f"good-{number:02}" for number in range(1, 16))
PATIENT = {"start_timeout": "10m"}
"""So long that who waits for it waits for ever."""


def furnish(home: HomeFolder) -> None:
    for code in GOOD:
        home.add(code)
    (home.add("a-typing-error") / "manifest.yaml").write_text("code: a-typing-error\nbinray: x\n")
    home.add("b-not-built", binary="./target/server", args=[])
    home.add(
        "c-crashing",
        *PORT,
        *("--exit-after", "0.05", "--exit-code", "3", "--ready-after", "60"),
        *("--stderr", "no configuration found"),
        restart={"delay": "30s"},
    )
    home.add("d-elsewhere", "--listen-on", "127.0.0.1:0", health=PATIENT)
    home.add("e-sick", *PORT, "--status", "500", health=PATIENT)


def states(daemon: Daemon) -> dict[str, Any]:
    listed = json.loads(daemon.rtm("list", "--format", "json").stdout)["providers"]
    return {one["code"]: one for one in listed}


def test_fifteen_that_are_well_wait_for_none_of_five_that_are_broken(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    furnish(home)
    daemon = start_daemon()
    daemon.wait_for(*GOOD)
    listed = states(daemon)
    # Two are being waited for, and the rest has been told: nobody who is well waited with them.
    assert [listed[code]["state"] for code in ("d-elsewhere", "e-sick")] == ["starting"] * 2
    assert {(listed[c]["generation"], listed[c]["restarts"]) for c in GOOD} == {(1, 0)}
    for code in GOOD:
        assert daemon.ask(f"/api/v1/{code}/pid").json["pid"] == listed[code]["pid"]


def test_each_of_five_that_are_broken_tells_its_own_story(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    furnish(home)
    daemon = start_daemon()
    daemon.wait_for("c-crashing", state="backoff")
    told = {code: (one["state"], one["cause"]) for code, one in states(daemon).items()}
    for code, state, words in (
        ("a-typing-error", "invalid", "binray"),
        ("b-not-built", "failed", "does not exist"),
        ("c-crashing", "backoff", "exit code 3"),
    ):
        assert told[code][0] == state
        assert words in told[code][1]["message"]
    for code, probe in (("d-elsewhere", "nobody listens|refused"), ("e-sick", "HTTP 500")):
        status = json.loads(daemon.rtm("status", code, "--format", "json").stdout)
        assert status["state"] == "starting"
        assert re.search(probe, status["last_probe"])
    assert "no configuration found" in daemon.rtm("status", "c-crashing").stdout
