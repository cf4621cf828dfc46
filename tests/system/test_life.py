"""Providers through their lives, as the daemon's clients see them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise

from tests.system.child import Daemon, HomeFolder

PORT = ("--port", "{port}")


def states(events: list[dict]) -> list[str]:
    return [event["data"]["to"] for event in events if event["name"] == "provider.state"]


def test_a_crash_loop_backs_off_ever_longer_ends_in_failed_and_start_clears_it(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    home.add(
        "crash",
        *PORT,
        *("--ready-after", "60", "--exit-after", "0.05", "--exit-code", "3"),
        *("--stderr", "no configuration found"),
        start="manual",
        restart={"delay": "200ms", "max": 4},
    )
    daemon = start_daemon()
    with daemon.watch() as watch:
        daemon.do("start", "crash", wait="0s")
        events = watch.until("crash", "failed")
        assert states(events) == ["starting", "backoff"] * 3 + ["starting", "failed"]
        assert [e["data"]["status"] for e in events if e["name"] == "provider.exit"] == [
            "exit code 3"
        ] * 4
        rests = rests_s(events)
        assert all(later > earlier for earlier, later in pairwise(rests)), rests
        assert all(rest >= 0.2 * 2**i for i, rest in enumerate(rests)), rests

        told = daemon.rtm("status", "crash")
        assert told.returncode == 1
        assert "exit code 3" in told.stdout
        assert "no configuration found" in told.stdout

        daemon.do("start", "crash", wait="0s")
        assert states(watch.until("crash", "backoff")) == ["starting", "backoff"]
        assert daemon.do("stop", "crash").json["state"] == "stopped"


def rests_s(events: list[dict]) -> list[float]:
    """The seconds between each BACKOFF and the start after it, by the daemon's own clock."""
    steps = [e for e in events if e["name"] == "provider.state"]
    return [
        (moment(later) - moment(earlier)).total_seconds()
        for earlier, later in pairwise(steps)
        if earlier["data"]["to"] == "backoff"
    ]


def moment(event: dict) -> datetime:
    return datetime.fromisoformat(event["at"])


def test_one_that_never_listens_ends_in_failed_and_says_so(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    home.add(
        "mute",
        *PORT,
        "--never-listen",
        start="manual",
        health={"start_timeout": "300ms"},
        restart={"delay": "10ms", "max": 2},
    )
    daemon = start_daemon()
    with daemon.watch() as watch:
        daemon.do("start", "mute", wait="0s")
        events = watch.until("mute", "failed")
    assert states(events) == [
        *("starting", "stopping", "backoff"),
        *("starting", "stopping", "failed"),
    ]
    provider = daemon.provider("mute")
    assert provider["cause"]["kind"] == "start-timeout"
    assert provider["last_probe"]
    refused = daemon.ask("/api/v1/mute/")
    assert refused.status == 503
    assert "retry-after" in refused.headers or refused.json["code"]


def test_one_that_turns_sick_is_closed_restarted_and_open_again(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    home.add(
        "sick",
        start="manual",
        health={"interval": "50ms", "failure_threshold": 2, "unhealthy_timeout": "200ms"},
        restart={"delay": "10ms"},
    )
    daemon = start_daemon()
    assert daemon.do("start", "sick").json["state"] == "ready"
    with daemon.watch() as watch:
        assert daemon.ask("/api/v1/sick/sick").status == 200
        events = watch.until("sick", "ready")
    assert states(events) == ["unhealthy", "stopping", "backoff", "starting", "ready"]
    assert daemon.ask("/api/v1/sick/").status == 200


def test_a_killed_program_comes_back_and_its_path_with_it(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    home.add("tough", restart={"delay": "10ms"})
    daemon = start_daemon()
    daemon.wait_for("tough")
    pid = daemon.ask("/api/v1/tough/").json["pid"]
    with daemon.watch() as watch:
        daemon.ask("/api/v1/tough/exit?code=7")
        events = watch.until("tough", "ready")
    assert [e["data"]["status"] for e in events if e["name"] == "provider.exit"] == ["exit code 7"]
    assert daemon.ask("/api/v1/tough/").json["pid"] != pid


def test_a_request_starts_an_on_demand_one_and_silence_stops_it(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    home.add("lazy", start="on-demand", idle_timeout="300ms")
    daemon = start_daemon()
    assert daemon.provider("lazy")["state"] == "stopped"
    with daemon.watch() as watch:
        assert daemon.ask("/api/v1/lazy/").status == 200
        assert states(watch.until("lazy", "stopped")) == [
            *("starting", "ready", "stopping", "stopped")
        ]
        assert daemon.provider("lazy")["wanted"] == "on-demand"
        assert daemon.ask("/api/v1/lazy/").status == 200
        watch.until("lazy", "stopped")
        daemon.do("stop", "lazy")
    assert daemon.ask("/api/v1/lazy/").status == 503
    assert daemon.provider("lazy")["wanted"] == "down"


def test_what_depends_waits_and_says_for_whom(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    home.add("base", start="manual")
    home.add("upper", depends_on=["base"])
    daemon = start_daemon()
    waiting = daemon.provider("upper")
    assert (waiting["state"], waiting["wanted"]) == ("stopped", "up")
    assert "base" in waiting["cause"]["message"]
    with daemon.watch() as watch:
        daemon.do("start", "base")
        watch.until("upper", "ready")


def test_a_bad_manifest_is_told_and_hurts_nobody(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    home.add("good")
    (home.add("bad") / "manifest.yaml").write_text("code: bad\nbinray: ./run\n")
    daemon = start_daemon()
    daemon.wait_for("good")
    provider = daemon.provider("bad")
    assert provider["state"] == "invalid"
    assert "manifest.yaml:2" in provider["manifest_error"]
    assert "binary" in provider["manifest_error"]
    assert daemon.do("start", "bad").status == 409


TWENTY = [f"slow-{number:02}" for number in range(20)]
FAR_BEYOND_THE_TEST = {"grace": "10m"}
"""So long a grace that what ends at all has ended by itself."""


def test_twenty_that_take_a_second_to_end_do_so_by_themselves_and_together(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    for code in TWENTY:
        home.add(code, *PORT, "--term-delay", "1", stop=FAR_BEYOND_THE_TEST)
    daemon = start_daemon()
    daemon.wait_for(*TWENTY)
    with daemon.watch() as watch:
        assert daemon.rtm("stop", "--all").returncode == 0
        steps = watch.until_all(set(TWENTY), "stopped")
    exits = [event for event in steps if event["name"] == "provider.exit"]
    assert [event["data"]["status"] for event in exits] == ["exit code 0"] * 20
    before = steps[: steps.index(exits[0])]
    assert sum(states([event]) == ["stopping"] for event in before) == 20


def test_the_end_of_the_daemon_gives_twenty_their_second_together(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    for code in TWENTY:
        home.add(code, *PORT, "--term-delay", "1", stop=FAR_BEYOND_THE_TEST)
    daemon = start_daemon()
    daemon.wait_for(*TWENTY)
    with daemon.watch() as watch:
        assert daemon.stop() == 0
        assert watch.to_the_end()[-1]["name"] == "daemon.stopping"
    assert not home.alive()
    steps = re.findall(r"from=(ready to=stopping|stopping to=stopped)", daemon.log())
    assert steps == ["ready to=stopping"] * 20 + ["stopping to=stopped"] * 20
