"""`rtm new`: what it writes, where, and when it refuses."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from runtime_manager.cli.creating import TEMPLATES, next_steps, rendered
from runtime_manager.packages.discovery import read_provider

if TYPE_CHECKING:
    from pathlib import Path

    from tests.component.cli.canned import Rtm


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("code", ["cool", "7-up", "on", "123"])
def test_each_template_is_a_valid_package_under_any_code(
    template: str, code: str, rtm: Rtm, tmp_path: Path
) -> None:
    folder = tmp_path / "made"
    said = rtm("new", code, "--template", template, "--dir", str(folder))
    assert (said.code, said.err) == (0, "")
    assert read_provider(folder).code == code
    assert "{{" not in "".join(path.read_text() for path in folder.rglob("*") if path.is_file())
    assert (folder / "README.md").is_file()


def test_a_script_can_be_executed(rtm: Rtm, tmp_path: Path) -> None:
    rtm("new", "cool", "--template", "shell", "--dir", str(tmp_path / "cool"))
    assert os.access(tmp_path / "cool" / "serve.sh", os.X_OK)


def test_nothing_is_overwritten(rtm: Rtm, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("mine")
    for place in (tmp_path, mine):
        said = rtm("new", "cool", "--dir", str(place))
        assert said.code == 1
        assert "is there already" in said.err
    assert mine.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [mine]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Cool_One", "such as cool-one"),
        ("../cool", "such as cool"),
        ("x" * 64, "at most 63"),
        ("rtm", "the daemon's own"),
        ("events", "the daemon's own"),
    ],
)
def test_a_name_that_is_no_code_is_wrong_usage(
    name: str, words: str, rtm: Rtm, tmp_path: Path
) -> None:
    said = rtm("new", name, "--dir", str(tmp_path / "made"))
    assert said.code == 2
    assert words in said.err
    assert not (tmp_path / "made").exists()


def test_the_document_names_the_files_and_what_comes_next(rtm: Rtm, tmp_path: Path) -> None:
    folder = tmp_path / "made"
    document = rtm("new", "cool", "--dir", str(folder), "--format", "json").document
    assert document["folder"] == str(folder)
    assert str(folder / "manifest.yaml") in document["files"]
    assert document["next"][0] == f"rtm check {folder}"


def test_a_program_that_must_be_built_is_built_first(tmp_path: Path) -> None:
    steps = next_steps("go", "cool", tmp_path / "a b", home=str(tmp_path))
    assert steps[0] == f"(cd '{tmp_path}/a b' && go build -o server .)"
    assert f"mkdir -p {tmp_path}/providers" in steps
    assert f"ln -s '{tmp_path}/a b' {tmp_path}/providers/cool" in steps


def test_what_git_is_to_leave_out_is_under_its_own_name() -> None:
    assert rendered("go", "cool")[".gitignore"] == "server\n"
