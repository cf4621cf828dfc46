"""Files are edited under a running daemon: only what has changed is touched."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from tests.system.child import Daemon, HomeFolder, environment


def edit(folder: Path, **given: object) -> None:
    path = folder / "manifest.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **given}))


def pids(daemon: Daemon) -> dict[str, int]:
    listed = daemon.ask("/api/v1/providers?usage=0").json["providers"]
    return {one["code"]: one["pid"] for one in listed}


def reload(daemon: Daemon, *flags: str) -> tuple[int, dict[str, Any]]:
    done = daemon.rtm("reload", *flags, "--format", "json")
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def fates(document: dict[str, Any]) -> dict[str, str]:
    return {one["code"]: one["change"] for one in document["providers"]}


def quiet(start_daemon: Callable[..., Daemon]) -> Daemon:
    """A daemon that reloads only when it is asked to."""
    return start_daemon(RTM_WATCH="never")


def test_of_fifty_the_one_that_was_edited_is_restarted(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    codes = [f"p{number:02}" for number in range(50)]
    folders = {
        code: home.add(code, health={"start_timeout": "60s", "interval": "30s"}) for code in codes
    }
    daemon = quiet(start_daemon)
    waited = daemon.rtm("wait", *codes, "--timeout", "55s")
    assert waited.returncode == 0, waited.stderr
    before = pids(daemon)
    edit(folders["p07"], env={"COLOUR": "green"})
    edit(folders["p08"], name="Eight", stop={"grace": "4s"})

    status, plan = reload(daemon, "--dry-run")
    assert (status, fates(plan)) == (0, {"p07": "restarted", "p08": "changed"})
    assert plan["providers"][0]["keys"] == ["env.COLOUR"]
    assert pids(daemon) == before

    status, done = reload(daemon, "--wait")
    assert (status, fates(done), done["failed"]) == (0, fates(plan), [])
    after = pids(daemon)
    assert {code for code in codes if after[code] != before[code]} == {"p07"}
    assert daemon.provider("p08")["name"] == "Eight"
    assert reload(daemon)[1]["providers"] == []


def test_a_broken_edit_leaves_what_runs_and_is_told_until_it_is_mended(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    folder = home.add("one")
    home.add("two", depends_on=["one"])
    daemon = quiet(start_daemon)
    daemon.wait_for("one", "two")
    before, good = pids(daemon), (folder / "manifest.yaml").read_text()
    (folder / "manifest.yaml").write_text(good + "colour: blue\n")

    refused = daemon.rtm("reload")
    assert refused.returncode == 1
    assert "one" in refused.stdout
    assert "colour" in refused.stdout
    assert pids(daemon) == before
    assert "colour" in daemon.provider("one")["manifest_error"]
    assert daemon.provider("one")["state"] == "ready"

    (folder / "manifest.yaml").write_text(good)
    assert fates(reload(daemon)[1]) == {"one": "changed"}
    assert daemon.provider("one")["manifest_error"] is None
    assert pids(daemon) == before


def test_folders_come_and_go(home: HomeFolder, start_daemon: Callable[..., Daemon]) -> None:
    home.add("stays")
    gone = home.add("goes")
    daemon = quiet(start_daemon)
    daemon.wait_for("stays", "goes")
    before = pids(daemon)
    gone.rename(home.root / "aside")
    home.add("comes")
    home.add("odd", colour="blue")
    status, done = reload(daemon, "--wait")
    assert (status, fates(done)) == (1, {"goes": "removed", "comes": "added", "odd": "invalid"})
    after = pids(daemon)
    assert (set(after), after["stays"]) == ({"comes", "odd", "stays"}, before["stays"])
    assert daemon.ask("/api/v1/comes/").status == 200
    assert daemon.ask("/api/v1/goes/").status == 404
    assert len([one for one in home.alive().values() if any("fake" in a for a in one)]) == 2


def test_a_route_moves_while_its_program_stays(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    folder = home.add("one")
    daemon = quiet(start_daemon)
    daemon.wait_for("one")
    before = pids(daemon)
    edit(folder, namespace="elsewhere", public=True)
    assert fates(reload(daemon)[1]) == {"one": "changed"}
    assert daemon.ask("/api/v1/elsewhere/", has_token=False).status == 200
    assert daemon.ask("/api/v1/one/").status == 404
    assert pids(daemon) == before


def test_one_that_failed_gets_another_try_once_its_manifest_is_mended(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    folder = home.add("one", binary="./missing")
    daemon = quiet(start_daemon)
    daemon.wait_for("one", state="failed")
    good = HomeFolder(home.root / "elsewhere").add("one")
    (good / "manifest.yaml").replace(folder / "manifest.yaml")
    status, done = reload(daemon, "--wait")
    assert (status, fates(done)) == (0, {"one": "restarted"})
    assert daemon.provider("one")["state"] == "ready"


def test_bad_settings_change_nothing_and_good_ones_say_what_needs_a_restart(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    home.add("one")
    daemon = quiet(start_daemon)
    daemon.wait_for("one")
    config = home.root / "config.yaml"
    config.write_text("gateway: {wait: soon}\n")
    refused = daemon.rtm("reload")
    assert refused.returncode == 78
    assert "config.yaml:1" in refused.stderr
    config.write_text("gateway: {wait: 3s}\npublic_url: https://a.example\n")
    told = daemon.rtm("reload")
    assert told.returncode == 0, told.stderr
    assert "needs a restart of the daemon" in told.stdout
    settings = daemon.ask("/api/v1/config").json["config"]
    assert (settings["gateway"]["wait"], settings["public_url"]) == (3.0, None)


def test_a_setting_for_one_provider_restarts_it_alone(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    home.add("one")
    home.add("two")
    daemon = quiet(start_daemon)
    daemon.wait_for("one", "two")
    (home.root / "config.yaml").write_text("providers: {one: {env: {COLOUR: red}}}\n")
    assert fates(reload(daemon)[1]) == {"one": "restarted"}


def test_the_hangup_signal_reloads(home: HomeFolder, start_daemon: Callable[..., Daemon]) -> None:
    daemon = quiet(start_daemon)
    home.add("one")
    with daemon.watch() as events:
        daemon.process.send_signal(signal.SIGHUP)
        events.until("one", "ready")


def test_an_edit_is_noticed_by_itself(home: HomeFolder, daemon: Daemon) -> None:
    with daemon.watch() as events:
        folder = home.add("one")
        events.until("one", "ready")
        edit(folder, env={"COLOUR": "green"})
        seen = events.until("one", "ready")
        names = [one["data"].get("to") for one in seen if one["name"] == "provider.state"]
        assert names[0] == "stopping"


def test_a_provider_that_is_worked_on_is_restarted_when_its_files_change(
    home: HomeFolder, start_daemon: Callable[..., Daemon]
) -> None:
    folder = home.add("one", dev=True)
    daemon = start_daemon()
    daemon.wait_for("one")
    before = pids(daemon)["one"]
    with daemon.watch() as events:
        (folder / "part.py").write_text("x = 1\n")
        events.until("one", "ready")
    assert pids(daemon)["one"] != before


def test_the_hangup_of_its_terminal_ends_the_daemon(home: HomeFolder) -> None:
    home.add("one")
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "runtime_manager", "serve", "--home", str(home.root)]
    script = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)"
    script += "; os.execv(sys.argv[1], sys.argv[1:])"  # with that terminal as its own
    process = subprocess.Popen(
        [sys.executable, "-c", script, *command, "--listen", "127.0.0.1:0"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env=environment(),
    )
    os.close(theirs)
    said = b""
    while b"Ctrl-C" not in said:  # the greeting's last line
        said += os.read(ours, 4096)
    os.close(ours)
    assert process.wait(timeout=30) == 0
    assert not home.alive()
