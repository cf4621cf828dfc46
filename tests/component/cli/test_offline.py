"""Verbs that read files themselves: config without a daemon, its check, and schemas."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from runtime_manager.model.home import Home
    from tests.component.cli.canned import Rtm

MANIFEST = "code: {code}\nname: A provider\nversion: 1.0.0\nbinary: ./run\n"


def install(home: Home, code: str, text: str = MANIFEST) -> None:
    folder = home.providers / code
    folder.mkdir(parents=True)
    (folder / "manifest.yaml").write_text(text.format(code=code))


def test_config_without_a_daemon_is_what_the_files_say(home: Home, rtm: Rtm) -> None:
    home.config.write_text("listen: 127.0.0.1:7777\n")
    said = rtm("config")
    assert said.code == 0
    assert "listen = 127.0.0.1:7777" in said.out.splitlines()
    assert "no daemon runs" in said.err
    document = rtm("config", "--format", "json", RTM_LISTEN="127.0.0.1:8888").document
    assert (document["source"], document["config"]["listen"]) == ("files", "127.0.0.1:8888")


def test_config_that_is_bad_is_78_with_file_and_line(home: Home, rtm: Rtm) -> None:
    home.config.write_text("listen: 127.0.0.1:7777\nlisen: x\n")
    said = rtm("config")
    assert said.code == 78
    assert f"{home.config}:2" in said.err
    assert "listen" in said.err  # the nearest known key


def test_check_of_a_home_that_is_well_is_done(home: Home, rtm: Rtm) -> None:
    install(home, "one")
    install(home, "two")
    said = rtm("config", "--check")
    assert (said.code, said.err) == (0, "")
    assert "2 providers" in said.out
    assert rtm("config", "--check", "--format", "json").document == {"providers": 2, "errors": []}


def test_check_of_no_home_at_all_finds_nothing_wrong(home: Home, rtm: Rtm) -> None:
    home.root.rmdir()
    try:
        assert rtm("config", "--check").code == 0
    finally:
        home.root.mkdir()


def test_check_lists_every_error_of_every_file_and_changes_none(home: Home, rtm: Rtm) -> None:
    home.config.write_text("lisen: x\n")
    install(home, "good")
    install(home, "bad", "code: bad\nnamme: x\n")
    install(home, "worse", "code: [\n")
    home.registry.write_text("version: [\n")
    before = sorted(home.root.rglob("*"))
    said = rtm("config", "--check")
    assert said.code == 78
    for path in ("config.yaml", "bad/manifest.yaml", "worse/manifest.yaml", "registry.yaml"):
        assert path in said.err
    assert said.out == ""
    assert sorted(home.root.rglob("*")) == before
    errors = rtm("config", "--check", "--format", "json").document["errors"]
    assert len(errors) == 4
    assert {error["code"] for error in errors} == {
        "bad-configuration",
        "bad-manifest",
        "bad-registry",
    }


def test_each_mistake_has_its_own_hint(home: Home, rtm: Rtm) -> None:
    home.config.write_text("lisen: x\ngateway:\n  wat: 1s\n")
    lines = rtm("config", "--check").err.splitlines()
    assert lines == [
        f"rtm: {home.config}:1: lisen: there is no such key (did you mean `listen`?)",
        f"rtm: {home.config}:3: gateway.wat: there is no such key (did you mean `wait`?)",
    ]


@pytest.mark.parametrize("file", ["manifest", "config", "registry"])
def test_each_file_has_a_schema(file: str, rtm: Rtm) -> None:
    schema = json.loads(rtm("schema", file).out)
    assert schema["type"] == "object"
    assert schema["properties"]


def test_a_file_without_a_schema_is_wrong_usage(rtm: Rtm) -> None:
    assert rtm("schema", "nothing").code == 2
