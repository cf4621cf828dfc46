"""Verbs that install, verify and sign packages, without a daemon."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from runtime_manager.model.home import Home
    from tests.component.cli.canned import Rtm

    Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A package's folder."""

    def write(code: str = "cool", version: str = "1.0.0", more: str = "") -> Path:
        folder = tmp_path / f"{code}-{version}-source"
        folder.mkdir(exist_ok=True)
        text = f"code: {code}\nversion: {version}\nbinary: ./run\n{more}"
        (folder / "manifest.yaml").write_text(text)
        (folder / "run").write_text("#!/bin/sh\n")
        (folder / "run").chmod(0o755)
        return folder

    return write


def registry_of(home: Home) -> dict[str, Any]:
    import yaml

    document: dict[str, Any] = yaml.safe_load(home.registry.read_text())["providers"]
    return document


def test_a_round_of_install_upgrade_rollback_verify_and_uninstall(
    home: Home, rtm: Rtm, make: Make
) -> None:
    assert rtm("install", str(make())).out == "installed cool 1.0.0\n"
    assert rtm("install", str(make(version="1.1.0"))).out == (
        "installed cool 1.1.0, in place of 1.0.0\n"
    )
    assert rtm("install", str(make(version="1.1.0"))).out == "cool 1.1.0 is installed already\n"
    assert rtm("verify").out == "cool 1.1.0: good\n"
    assert rtm("rollback", "cool").out == "cool is back at 1.0.0, from 1.1.0\n"
    installed = (home.providers / "cool").resolve()
    (installed / "run").write_text("#!/bin/sh\n#")
    (installed / "new").write_text("")
    said = rtm("verify", "cool")
    assert said.code == 1
    assert said.out.splitlines() == [
        "cool 1.0.0: not as it was installed",
        "  added    new",
        "  changed  run",
    ]
    assert rtm("uninstall", "cool").out == "uninstalled cool\n"
    assert rtm("verify").out == ""


def test_results_are_there_for_programs_too(home: Home, rtm: Rtm, make: Make) -> None:
    folder = make(more="permissions: {net: [example.org]}\n")
    document = rtm("install", str(folder), "--format", "json").document
    assert (document["code"], document["version"], document["before"]) == ("cool", "1.0.0", None)
    assert document["source"] == str(folder)
    assert document["signer"] is None
    assert document["warnings"] == ["it is not signed"]
    (checked,) = rtm("verify", "--format", "json").document["packages"]
    assert (checked["code"], checked["is_good"], checked["differences"]) == ("cool", True, [])


def test_an_archive_is_packed_and_installed_by_its_hash(
    home: Home, rtm: Rtm, make: Make, tmp_path: Path
) -> None:
    archive = str(tmp_path / "cool.tar.gz")
    sha256, name = rtm("pack", str(make()), "-o", archive).out.split()
    assert name == archive
    assert rtm("pack", str(make()), "-o", archive, "--format", "json").document["sha256"] == sha256
    said = rtm("install", archive, "--sha256", "0" * 64)
    assert said.code == 1
    assert sha256 in said.err
    assert not home.registry.exists() or registry_of(home) == {}
    assert rtm("install", archive, "--sha256", sha256).code == 0
    assert registry_of(home)["cool"]["archive_sha256"] == sha256


def test_what_is_not_there_is_told_without_a_trace(home: Home, rtm: Rtm, make: Make) -> None:
    assert rtm("install", str(home.root / "nothing")).code == 1
    assert rtm("uninstall", "cool").code == 4
    assert rtm("hold", "cool").code == 4
    assert rtm("rollback", "cool").code == 4
    assert rtm("verify", "cool").code == 4
    assert rtm("pack", str(home.root)).code == 1


def test_a_held_package_is_not_upgraded(home: Home, rtm: Rtm, make: Make) -> None:
    rtm("install", str(make()))
    assert rtm("hold", "cool").out == ""
    said = rtm("install", str(make(version="2.0.0")))
    assert said.code == 1
    assert "rtm unhold cool" in said.err
    rtm("unhold", "cool")
    assert rtm("install", str(make(version="2.0.0"))).code == 0


def test_starting_with_the_daemon_is_switched(home: Home, rtm: Rtm, make: Make) -> None:
    rtm("install", str(make()))
    rtm("disable", "cool")
    assert registry_of(home)["cool"]["auto_start"] is False
    rtm("enable", "cool")
    assert registry_of(home)["cool"]["auto_start"] is True


def test_permissions_are_shown_and_more_of_them_must_be_agreed_to(
    home: Home, rtm: Rtm, make: Make
) -> None:
    asks = "permissions: {{net: [example.org], run: [{}]}}\n"
    said = rtm("install", str(make(more=asks.format("git"))))
    assert said.code == 0
    assert "  net: example.org\n  run: git\n" in said.err
    wider = str(make(version="1.1.0", more=asks.format("git, sh")))
    said = rtm("install", wider)
    assert said.code == 2
    assert "  run: sh  (new)\n" in said.err
    assert "--yes" in said.err
    assert registry_of(home)["cool"]["version"] == "1.0.0"
    assert rtm("install", wider, "--yes").code == 0
    assert registry_of(home)["cool"]["permissions"] == {
        "net": ["example.org"],
        "run": ["git", "sh"],
    }
    narrower = str(make(version="1.2.0", more=asks.format("git")))
    assert rtm("install", narrower).code == 0


def test_what_others_need_is_removed_with_them_alone(home: Home, rtm: Rtm, make: Make) -> None:
    rtm("install", str(make("base")))
    said = rtm("install", str(make("middle", more="depends_on: [base, other]\n")))
    assert "needs other, which is not installed" in said.err
    rtm("install", str(make("other")))
    rtm("install", str(make("top", more="depends_on: [middle]\n")))
    said = rtm("uninstall", "base")
    assert said.code == 1
    assert "needed by top, middle" in said.err
    assert rtm("uninstall", "base", "--cascade").out.split() == [
        "uninstalled", "top", "uninstalled", "middle", "uninstalled", "base"
    ]  # fmt: skip
    assert set(registry_of(home)) == {"other"}


def test_data_goes_only_where_that_is_agreed_to(home: Home, rtm: Rtm, make: Make) -> None:
    rtm("install", str(make()))
    home.data("cool").mkdir(parents=True)
    assert rtm("uninstall", "cool", "--purge").code == 2
    assert rtm("uninstall", "cool", "--purge", "--yes").code == 0
    assert not home.data("cool").exists()


def test_a_linked_folder_is_used_where_it_lies(home: Home, rtm: Rtm, make: Make) -> None:
    folder = make()
    assert rtm("install", "--link", str(folder)).code == 0
    assert (home.providers / "cool").resolve() == folder
    assert "not checked" in rtm("verify").out


def test_signed_packages_and_trusted_keys(home: Home, rtm: Rtm, make: Make, tmp_path: Path) -> None:
    home.config.write_text("packages: {signatures: required}\n")
    folder, key = str(make()), str(tmp_path / "author.key")
    assert rtm("install", folder).code == 1
    line = rtm("keygen", key, "--name", "An Author").out.strip()
    assert rtm("sign", folder, "--key", key).code == 0
    said = rtm("install", folder)
    assert said.code == 1
    assert f"rtm trust add '{line}'" in said.err
    id_ = rtm("trust", "add", f"{key}.pub", "--format", "json").document["id"]
    assert rtm("trust", "add", line).code == 0
    assert rtm("trust", "add").code == rtm("trust", "list", "x").code == 2
    assert rtm("install", folder).code == 0
    assert registry_of(home)["cool"]["signer"] == id_
    assert rtm("trust", "list").out.split() == [
        "ID", "STANDING", "NAME", id_, "trusted", "An", "Author"
    ]  # fmt: skip
    assert rtm("trust", "remove", id_, "--revoke", "--note", "stolen").out == f"revoked: {id_}\n"
    assert rtm("install", folder).code == 1
    assert rtm("trust", "list", "--format", "json").document == {
        "trusted": [],
        "revoked": {id_: "stolen"},
    }


def test_a_registry_edited_by_hand_is_told_with_its_line(home: Home, rtm: Rtm, make: Make) -> None:
    rtm("install", str(make()))
    home.registry.write_text(home.registry.read_text().replace("held", "x").replace("1\n", "one\n"))
    for words in (["install", str(make(version="2.0.0"))], ["verify"], ["uninstall", "cool"]):
        said = rtm(*words)
        assert said.code == 78
        assert f"{home.registry}:1: version" in said.err


def test_progress_and_questions_are_for_terminals(
    home: Home, make: Make, environ: dict[str, str], tmp_path: Path
) -> None:
    run(home, environ, "install", str(make(more="permissions: {run: [git]}\n")), answer="")
    wider = str(make(version="1.1.0", more="permissions: {run: [git, sh]}\n"))
    said, code = run(home, environ, "install", wider, answer="n\n")
    assert code == 1
    assert "copy" in said
    assert "upgrade it? [y/N]" in said
    said, code = run(home, environ, "install", wider, answer="y\n")
    assert code == 0
    assert "installed cool 1.1.0" in said


def run(home: Home, environ: dict[str, str], *words: str, answer: str) -> tuple[str, int]:
    """What a person sees who has a terminal, and types `answer`."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "runtime_manager", *words, "--home", str(home.root)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environ,
    )
    os.close(theirs)
    if answer:
        os.write(ours, answer.encode())
    said = b""
    try:
        while select.select([ours], [], [], 30)[0]:
            said += os.read(ours, 4096)
    except OSError:  # EIO: the other side is closed
        pass
    finally:
        os.close(ours)
    return said.decode(), child.wait(timeout=30)


def test_the_outcome_of_a_flag_is_there_for_programs(home: Home, rtm: Rtm, make: Make) -> None:
    rtm("install", str(make()))
    said = rtm("hold", "cool", "--format", "json")
    assert json.loads(said.out) == {"cool": {"held": True}}


SETTINGS = "settings: {url: {required: true}, token: {secret: true, required: true}}\n"


def test_what_a_package_needs_to_know_is_given_and_secrets_are_never_shown(
    home: Home, rtm: Rtm, make: Make, tmp_path: Path
) -> None:
    folder, secret = str(make(more=SETTINGS)), tmp_path / "token.txt"
    secret.write_text("hush\n")
    said = rtm("install", folder)
    assert said.code == 2
    assert "--set url=VALUE" in said.err
    said = rtm("install", folder, "--set", "url=x", "--set", "token=hush")
    assert said.code == 2
    assert "token=@FILE" in said.err
    assert rtm("install", folder, "--set", "url=x", "--set", "tokn=x").code == 78
    assert not home.settings.exists()
    said = rtm("install", folder, "--set", "url=x", "--set", f"token=@{secret}")
    assert said.code == 0
    assert (home.settings / "cool.secrets" / "token").read_text() == "hush"
    assert rtm("set", "cool", "url=https://example.org").code == 0
    said = rtm("set", "cool")
    assert said.out == "url = https://example.org\ntoken = (set)\n"
    assert rtm("set", "cool", "--format", "json").document["settings"]["token"] == "(set)"
    assert rtm("set", "other").code == 4
    assert rtm("install", str(make(version="1.1.0", more=SETTINGS))).code == 0


def test_settings_are_asked_for_at_a_terminal(
    home: Home, make: Make, environ: dict[str, str]
) -> None:
    folder = str(make(more="settings: {url: {required: true, description: where}}\n"))
    said, code = run(home, environ, "install", folder, answer="https://example.org\n")
    assert code == 0, said
    assert "url (where): " in said
    assert "https://example.org" in (home.settings / "cool.yaml").read_text()
