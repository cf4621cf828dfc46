"""`rtm service`, with a systemctl that only writes down what it was asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.component.cli.canned import Said

SYSTEMCTL = """#!/bin/sh
echo "$*" >> "$ASKED"
case "$*" in
  *show*) printf 'LoadState=loaded\\nActiveState=%s\\nSubState=running\\nStatusText=2 ready\\n' \\
    "$ACTIVE"; printf 'MainPID=7\\nNRestarts=1\\nResult=success\\n' ;;
  *enable*) test -z "$REFUSES" || { echo "Access denied" >&2; exit 1; } ;;
esac
"""

Service = Callable[..., Said]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    program = tmp_path / "bin" / "systemctl"
    program.parent.mkdir()
    program.write_text(SYSTEMCTL)
    program.chmod(0o755)
    return tmp_path


@pytest.fixture
def service(folder: Path, environ: dict[str, str]) -> Service:
    """`rtm service …` for a user whose settings lie in `folder`."""

    def run(*words: str, **more: str) -> Said:
        given = {
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "ASKED": str(folder / "asked"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "ACTIVE": "inactive",
        }
        done = subprocess.run(
            [sys.executable, "-m", "runtime_manager", "service", *words],
            capture_output=True,
            text=True,
            timeout=30,
            env={**environ, **given, **more},
            check=False,
        )
        assert "Traceback" not in done.stderr
        return Said(done.returncode, done.stdout, done.stderr)

    return run


def asked(folder: Path) -> list[str]:
    return (folder / "asked").read_text().splitlines()


def units(folder: Path) -> set[str]:
    return {path.name for path in (folder / "config" / "systemd" / "user").iterdir()}


def test_install_writes_the_units_and_enables_them_and_uninstall_takes_them_away(
    service: Service, folder: Path
) -> None:
    said = service("install", "--user")
    assert said.code == 0, said.err
    assert units(folder) == {"runtime-manager.service", "runtime-manager.socket"}
    both = "runtime-manager.socket runtime-manager.service"
    assert asked(folder)[1:] == ["--user daemon-reload", f"--user enable --now {both}"]
    text = (folder / "config/systemd/user/runtime-manager.service").read_text()
    assert f"ExecStart={sys.executable} -m runtime_manager serve\n" in text
    (folder / "asked").unlink()
    assert service("uninstall", "--user").code == 0
    assert asked(folder) == [f"--user disable --now {both}", "--user daemon-reload"]
    assert units(folder) == set()


def test_a_dry_run_shows_files_and_commands_and_changes_nothing(
    service: Service, folder: Path
) -> None:
    said = service("install", "--user", "--dry-run", "--listen", "127.0.0.1:7000")
    assert said.code == 0
    assert f"# {folder}/config/systemd/user/runtime-manager.service\n" in said.out
    assert "ListenStream=127.0.0.1:7000\n" in said.out
    assert said.out.rstrip().endswith("enable --now runtime-manager.socket runtime-manager.service")
    assert not (folder / "asked").exists()
    assert not (folder / "config").exists()


def test_a_new_unit_of_a_running_service_is_said_to_need_a_restart(service: Service) -> None:
    said = service("install", "--user", ACTIVE="active")
    assert "systemctl --user restart runtime-manager.service" in said.err
    again = service("install", "--user", ACTIVE="active")
    assert "restart" not in again.err


def test_what_systemd_refuses_is_told_in_its_own_words(service: Service) -> None:
    said = service("install", "--user", REFUSES="yes")
    assert said.code == 1
    assert "Access denied" in said.err


def test_status_tells_state_and_summary_and_fails_unless_active(service: Service) -> None:
    said = service("status", "--user", ACTIVE="active")
    assert (said.code, said.out.splitlines()[0]) == (0, "active (running): 2 ready")
    assert service("status", "--user", ACTIVE="failed").code == 1
    document = json.loads(service("status", "--user", "--format", "json", ACTIVE="active").out)
    assert document["service"]["MainPID"] == "7"


def test_nothing_to_uninstall_is_told(service: Service) -> None:
    assert "no service of ours" in service("uninstall", "--user").err


def test_the_system_service_has_a_home_of_its_own(service: Service) -> None:
    said = service("install", "--home", "/elsewhere")
    assert (said.code, "/var/lib/runtime-manager" in said.err) == (2, True)


def test_without_systemctl_there_is_no_service(service: Service, tmp_path: Path) -> None:
    said = service("status", PATH=str(tmp_path))
    assert said.code == 1
    assert "no systemctl" in said.err
