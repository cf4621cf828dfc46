"""Verbs about packages in indexes: search, info, outdated, index build."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runtime_manager.packages.pack import pack

if TYPE_CHECKING:
    from runtime_manager.model.home import Home
    from tests.component.cli.canned import Rtm


@pytest.fixture
def archives(tmp_path: Path) -> Path:
    """Two versions of cool, one of other."""
    folder = tmp_path / "archives"
    folder.mkdir()
    for code, version in (("cool", "1.0.0"), ("cool", "1.2.0"), ("other", "0.1.0")):
        source = tmp_path / f"{code}-{version}"
        source.mkdir()
        text = f"code: {code}\nversion: {version}\nbinary: ./run\ndescription: The {code} one\n"
        (source / "manifest.yaml").write_text(text)
        (source / "run").write_text("#!/bin/sh\n")
        pack(source, output=folder / f"{code}-{version}.tar.gz")
    return folder


@pytest.fixture
def index(archives: Path, rtm: Rtm) -> Path:
    said = rtm("index", "build", str(archives))
    assert (said.code, said.err) == (0, "")
    assert said.out == f"{archives}/index.json: 2 packages, 3 versions\n"
    return archives / "index.json"


def install(home: Home, **sources: str) -> None:
    home.providers.mkdir(parents=True)
    entries = "".join(
        f"  {code}:\n    version: 1.0.0\n    source: {source}\n" for code, source in sources.items()
    )
    home.registry.write_text(f"version: 1\nproviders:\n{entries}")


def test_an_index_is_built_alike_each_time(index: Path, archives: Path, rtm: Rtm) -> None:
    before = index.read_bytes()
    document = rtm("index", "build", str(archives), "--format", "json").document
    assert document == {"index": str(index), "packages": 2, "versions": 3}
    assert index.read_bytes() == before


def test_an_index_names_where_archives_lie_and_who_signs(
    archives: Path, tmp_path: Path, rtm: Rtm
) -> None:
    output = tmp_path / "out.json"
    rtm(
        *("index", "build", str(archives), "-o", str(output)),
        *("--base-url", "https://example.org/p", "--signer", "k1", "--signer", "other=k2"),
    )
    cool, other = json.loads(output.read_text())["modules"]
    assert (cool["signer"], other["signer"]) == ("k1", "k2")
    assert cool["versions"][0]["platforms"]["any"]["url"] == (
        "https://example.org/p/cool-1.2.0.tar.gz"
    )


def test_a_file_that_is_no_index_is_not_written_over(archives: Path, rtm: Rtm) -> None:
    (archives / "index.json").write_text("mine")
    said = rtm("index", "build", str(archives))
    assert said.code == 1
    assert "is no good index" in said.err
    assert (archives / "index.json").read_text() == "mine"


def test_search_lists_what_has_all_the_words(index: Path, home: Home, rtm: Rtm) -> None:
    install(home, cool="cool")
    said = rtm("search", "--index", str(index))
    assert [line.split() for line in said.out.splitlines()] == [
        ["CODE", "VERSION", "INSTALLED", "DESCRIPTION"],
        ["cool", "1.2.0", "1.0.0", "The", "cool", "one"],
        ["other", "0.1.0", "-", "The", "other", "one"],
    ]
    found = rtm("search", "OTHER", "the", "--index", str(index), "--format", "json").document
    assert [one["code"] for one in found["packages"]] == ["other"]
    nothing = rtm("search", "nothing", "--index", str(index))
    assert (nothing.code, nothing.out) == (0, "")


def test_indexes_of_the_settings_are_used_and_paths_meant_from_there(
    index: Path, home: Home, rtm: Rtm
) -> None:
    home.root.joinpath("packages.json").write_bytes(index.read_bytes())
    home.config.write_text("indexes: [packages.json]\n")
    assert "other" in rtm("search").out
    assert "cool" in rtm("search", RTM_INDEXES=str(index)).out
    home.config.write_text("indexes: []\n")
    said = rtm("search")
    assert said.code == 1
    assert "no index is set" in said.err
    assert "--index URL" in said.err


def test_info_tells_what_is_offered_and_installed(index: Path, home: Home, rtm: Rtm) -> None:
    install(home, cool="cool@^1")
    said = rtm("info", "cool", "--index", str(index))
    assert said.out.splitlines() == [
        "cool 1.2.0",
        "The cool one",
        "name:       cool",
        "versions:   1.2.0, 1.0.0",
        f"index:      {index}",
        "installed:  1.0.0, from cool@^1",
    ]
    assert rtm("info", "coool", "--index", str(index)).err.endswith("did you mean `cool`?\n")


def test_info_of_what_is_installed_needs_no_index(home: Home, rtm: Rtm) -> None:
    install(home, mine="/srv/mine")
    assert rtm("info", "mine").out.splitlines() == ["mine", "installed:  1.0.0, from /srv/mine"]
    assert rtm("info", "yours").code == 1


def test_outdated_lists_what_came_from_an_index_and_is_older(
    index: Path, home: Home, rtm: Rtm
) -> None:
    install(home, cool="cool@1.0", other="other", mine="/srv/mine", gone="gone")
    said = rtm("outdated", "--index", str(index))
    assert [line.split() for line in said.out.splitlines()] == [
        ["CODE", "INSTALLED", "WANTED", "NEWEST", "SOURCE"],
        ["cool", "1.0.0", "1.0.0", "1.2.0", "cool@1.0"],
    ]
    found = rtm("outdated", "--index", str(index), "--format", "json").document["packages"]
    assert found[0]["newest"] == "1.2.0"


def test_an_index_cannot_move_the_cursor(home: Home, tmp_path: Path, rtm: Rtm) -> None:
    evil = {"code": "cool", "description": "\x1b[2J\x07", "versions": []}
    path = tmp_path / "index.json"
    path.write_text(json.dumps({"version": 1, "modules": [evil]}))
    for words in (("search",), ("info", "cool")):
        said = rtm(*words, "--index", str(path))
        assert "\x1b" not in said.out
        assert "\x07" not in said.out


def test_the_schema_of_an_index_is_printed(rtm: Rtm) -> None:
    assert rtm("schema", "index").document["title"] == "Index"


def test_a_package_is_installed_upgraded_and_not_downgraded_unasked(
    index: Path, archives: Path, home: Home, rtm: Rtm
) -> None:
    place = ("--index", str(index))
    assert rtm("install", "cool@~1.0", *place).out == "installed cool 1.0.0\n"
    assert rtm("upgrade", "cool", *place).out == "cool 1.0.0 is installed already\n"
    assert rtm("upgrade", "cool@^1", *place).out == "installed cool 1.2.0, in place of 1.0.0\n"
    (archives / "cool-1.2.0.tar.gz").unlink()
    rtm("index", "build", str(archives))
    said = rtm("upgrade", "cool", *place)
    assert said.code == 1
    assert "cool 1.0.0 is older than the installed 1.2.0" in said.err
    assert "--allow-downgrade" in said.err
    said = rtm("upgrade", "cool", *place, "--allow-downgrade")
    assert said.out == "installed cool 1.0.0, in place of 1.2.0\n"


def test_all_that_came_from_an_index_are_upgraded_but_for_the_held(
    index: Path, home: Home, rtm: Rtm
) -> None:
    install(home, cool="cool", other="other", mine="/srv/mine")
    rtm("hold", "cool")
    home.config.write_text(f"indexes: [{index}]\n")
    said = rtm("upgrade", "--all", "--allow-downgrade")
    assert said.out == "installed other 0.1.0, in place of 1.0.0\n"
    assert "cool is held at 1.0.0" in said.err


def test_what_cannot_be_upgraded_is_told(index: Path, home: Home, rtm: Rtm) -> None:
    install(home, tagged="git+https://example.org/c@v1", linked="link:/srv/x")
    assert rtm("upgrade").code == 2
    assert rtm("upgrade", "x", "--all").code == 2
    assert rtm("upgrade", "coool").code == 4
    for code in ("tagged", "linked"):
        said = rtm("upgrade", code)
        assert said.code == 1
        assert "which has nothing newer" in said.err


@pytest.mark.parametrize("is_json", [False, True])
def test_what_a_package_needs_is_installed_from_the_index_before_it(
    archives: Path, tmp_path: Path, home: Home, rtm: Rtm, is_json: bool
) -> None:
    for code, needs in (("top", "[middle, alone]"), ("middle", "[top, cool]")):
        source = tmp_path / code
        source.mkdir()
        text = f"code: {code}\nversion: 1.0.0\nbinary: ./run\ndepends_on: {needs}\n"
        (source / "manifest.yaml").write_text(text)
        pack(source, output=archives / f"{code}.tar.gz")
    rtm("index", "build", str(archives))
    format_ = ("--format", "json") if is_json else ()
    said = rtm("install", "top", "--index", str(archives), *format_)
    if is_json:
        done = said.document
        assert [one["code"] for one in (*done["dependencies"], done)] == ["cool", "middle", "top"]
        return
    assert said.out.splitlines() == [
        "installed cool 1.2.0",
        "installed middle 1.0.0",
        "installed top 1.0.0",
    ]
    assert "top needs alone, which is not installed" in said.err


def test_another_s_code_in_an_archive_of_an_index_is_refused(
    index: Path, archives: Path, home: Home, rtm: Rtm
) -> None:
    text = index.read_text().replace('"code": "other"', '"code": "mine"')
    index.write_text(text)
    said = rtm("install", "mine", "--index", str(index))
    assert said.code == 1
    assert "has the code other, and mine was asked for" in said.err
    assert not (home.providers / "mine").exists()


def test_an_index_that_demands_a_signer_gets_no_other(archives: Path, home: Home, rtm: Rtm) -> None:
    rtm("index", "build", str(archives), "--signer", "ab" * 16)
    said = rtm("install", "other", "--index", str(archives))
    assert said.code == 1
    assert "sign" in said.err
    assert not (home.providers / "other").exists()
