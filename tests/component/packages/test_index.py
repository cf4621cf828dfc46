"""Indexes on servers and disks, good ones and hostile ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runtime_manager.errors import PackageError
from runtime_manager.model.home import Home
from runtime_manager.model.source import parse_source
from runtime_manager.packages.index import Indexes
from runtime_manager.packages.sources.web import Web
from runtime_manager.packages.supply import Supply
from tests.component.packages.hostile import tar_gz
from tests.component.packages.hostile_indexes import ALL, HostileIndex
from tests.component.packages.hostile_indexes import refusal as refusal_of
from tests.component.packages.servers import Canned, Server

ARTIFACT = {"url": "archives/cool-1.0.0.tar.gz", "sha256": "ab" * 32, "size": 10}


def index_of(*codes: str, artifact: dict[str, Any] = ARTIFACT) -> bytes:
    modules = [
        {
            "code": code,
            "description": f"{code} of many",
            "versions": [{"version": "1.0.0", "platforms": {"any": artifact}}],
        }
        for code in codes
    ]
    return json.dumps({"version": 1, "modules": modules}).encode()


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def indexes(tmp_path: Path, web: Web, told: list[str]) -> Callable[..., Indexes]:
    """Indexes at these places, with one cache for all that a test makes."""

    def made(*locations: str) -> Indexes:
        return Indexes(locations, cache=tmp_path / "cache", web=web, tell=told.append)

    return made


@pytest.fixture
def refusal(indexes: Callable[..., Indexes]) -> Callable[..., PackageError]:
    def refused(*locations: str, code: str = "cool") -> PackageError:
        with pytest.raises(PackageError) as caught:
            indexes(*locations).find(code)
        assert caught.value.hint
        return caught.value

    return refused


def test_the_first_index_that_has_a_code_gives_it_and_later_ones_are_not_asked(
    here: Server, public: Server, indexes: Callable[..., Indexes]
) -> None:
    here.answers["/index.json"] = Canned(index_of("cool"))
    public.answers["/index.json"] = Canned(index_of("cool", "other"))
    found = indexes(here.url("/index.json"), public.url("/index.json"))
    assert found.find("cool").loaded.location == here.url("/index.json")
    assert public.asked == []
    assert found.find("other").loaded.location == public.url("/index.json")
    assert [offer.module.code for offer in found.offers()] == ["cool", "other"]
    assert len(here.asked) == len(public.asked) == 1


def test_an_index_that_has_not_changed_is_not_sent_again(
    here: Server, indexes: Callable[..., Indexes]
) -> None:
    def answer(headers: dict[str, str]) -> Canned:
        if headers.get("If-None-Match") == '"one"':
            return Canned(status=304)
        return Canned(index_of("cool"), headers={"ETag": '"one"', "Last-Modified": "then"})

    here.answers["/index.json"] = answer
    for _ in range(2):
        assert indexes(here.url("/index.json")).find("cool")
    assert here.asked[1][1]["If-Modified-Since"] == "then"


@pytest.mark.parametrize("trouble", ["gone", "500", "cut"])
def test_what_an_index_offered_is_used_while_it_is_away_and_its_age_told(
    indexes: Callable[..., Indexes], told: list[str], trouble: str
) -> None:
    with Server() as server:
        url = server.url("/index.json")
        server.answers["/index.json"] = Canned(index_of("cool"))
        indexes(url).find("cool")
        assert told == []
        if trouble != "gone":
            body = index_of("cool")[:50]
            cut = Canned(body, promised=5000) if trouble == "cut" else Canned(status=500)
            server.answers["/index.json"] = cut
            assert indexes(url).find("cool").module.code == "cool"
    if trouble == "gone":
        assert indexes(url).find("cool").module.code == "cool"
    assert len(told) == 1
    assert "what it offered 0 seconds ago is used" in told[0]


def test_an_index_that_was_never_seen_and_is_away_is_told(
    refusal: Callable[..., PackageError],
) -> None:
    with Server() as server:
        url = server.url("/index.json")
    assert refusal(url).facts["kind"] == "unreachable"


def test_a_damaged_cache_counts_as_none(
    here: Server, indexes: Callable[..., Indexes], tmp_path: Path
) -> None:
    here.answers["/index.json"] = Canned(index_of("cool"), headers={"ETag": '"one"'})
    indexes(here.url("/index.json")).find("cool")
    (kept,) = (tmp_path / "cache").iterdir()
    for text in (b"", b"[]", b"{", kept.read_bytes()[:-40]):
        kept.write_bytes(text)
        assert indexes(here.url("/index.json")).find("cool")
    assert "If-None-Match" not in here.asked[-1][1]


def test_a_cache_that_cannot_be_written_is_no_failure(
    here: Server, web: Web, tmp_path: Path
) -> None:
    here.answers["/index.json"] = Canned(index_of("cool"))
    (tmp_path / "file").touch()
    found = Indexes([here.url("/index.json")], cache=tmp_path / "file" / "cache", web=web)
    assert found.find("cool")


def test_an_index_that_turns_bad_is_told_although_a_good_one_is_kept(
    here: Server, indexes: Callable[..., Indexes], refusal: Callable[..., PackageError]
) -> None:
    here.answers["/index.json"] = Canned(index_of("cool"))
    indexes(here.url("/index.json")).find("cool")
    here.answers["/index.json"] = Canned(b'{"version": 1, "modules": [{')
    assert refusal(here.url("/index.json")).facts["kind"] == "bad-index"
    here.answers["/index.json"] = Canned(index_of("cool"))
    assert indexes(here.url("/index.json")).find("cool")


def test_an_index_in_a_file_is_read_and_named_by_its_folder_too(
    tmp_path: Path, indexes: Callable[..., Indexes]
) -> None:
    (tmp_path / "index.json").write_bytes(index_of("cool"))
    for location in (tmp_path, tmp_path / "index.json"):
        assert indexes(str(location)).find("cool").loaded.base == tmp_path


@pytest.mark.parametrize(
    ("location", "kind"),
    [
        ("/nowhere/index.json", "unreachable"),
        ("~nobody-at-all/index.json", "unreachable"),
        ("ftp://example.org/index.json", "bad-index"),
    ],
)
def test_a_place_that_has_no_index_is_told(
    refusal: Callable[..., PackageError], location: str, kind: str
) -> None:
    assert refusal(location).facts["kind"] == kind


def test_what_nobody_offers_is_told_with_the_nearest_name(
    here: Server, refusal: Callable[..., PackageError]
) -> None:
    here.answers["/index.json"] = Canned(index_of("cool-widget"))
    assert (
        "did you mean `cool-widget`?" in refusal(here.url("/index.json"), code="cool-wigdet").hint
    )
    assert "rtm search" in refusal(here.url("/index.json"), code="zzz").hint
    assert refusal(code="cool").facts["kind"] == "no-index"


def test_an_index_over_http_from_elsewhere_is_refused_unasked(
    refusal: Callable[..., PackageError],
) -> None:
    with Server("127.0.0.2") as plain:
        assert refusal(plain.url("/index.json")).facts["kind"] == "http-refused"
        assert plain.asked == []


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("http://public.test/index.json", "leads-to-http"),
        ("https://127.0.0.1/index.json", "leads-to-private"),
        ("https://private.test/index.json", "leads-to-private"),
        ("https://both.test/index.json", "leads-to-private"),
        ("file:///etc/passwd", "bad-redirect"),
    ],
)
def test_an_index_that_redirects_where_it_must_not_is_refused(
    public: Server, refusal: Callable[..., PackageError], target: str, kind: str
) -> None:
    public.answers["/index.json"] = Canned(status=302, headers={"Location": target})
    error = refusal(public.url("/index.json"))
    assert error.facts["kind"] == kind


@pytest.fixture
def supply(tmp_path: Path, web: Web) -> Callable[..., Supply]:
    def made(*locations: str) -> Supply:
        home = Home(tmp_path / "home")
        return Supply(home, Indexes(locations, cache=home.index_cache, web=web), web=web)

    return made


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "cool-1.0.0.tar.gz"
    tar_gz()(path)
    return path


def described(archive: Path, url: str) -> dict[str, Any]:
    data = archive.read_bytes()
    return {"url": url, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}


def test_a_package_is_fetched_from_beside_its_index_and_gone_afterwards(
    here: Server, archive: Path, supply: Callable[..., Supply], tmp_path: Path
) -> None:
    artifact = described(archive, "archives/cool-1.0.0.tar.gz")
    here.answers["/i/index.json"] = Canned(index_of("cool", artifact=artifact))
    here.answers["/i/archives/cool-1.0.0.tar.gz"] = Canned(archive.read_bytes())
    with supply(here.url("/i/index.json")).fetched(parse_source("cool@^1")) as got:
        assert got.path.read_bytes() == archive.read_bytes()
        assert (got.source, got.code, got.version) == ("cool@^1", "cool", "1.0.0")
        assert got.archive_sha256 == artifact["sha256"]
    assert not got.path.exists()
    assert list((tmp_path / "home" / "packages" / ".staging").iterdir()) == []


def test_a_package_is_taken_where_it_lies_beside_an_index_in_a_file(
    archive: Path, supply: Callable[..., Supply], tmp_path: Path
) -> None:
    artifact = described(archive, archive.name)
    (tmp_path / "index.json").write_bytes(index_of("cool", artifact=artifact))
    with supply(str(tmp_path)).fetched(parse_source("cool")) as got:
        assert got.path == archive
    assert archive.exists()
    archive.unlink()
    with (
        pytest.raises(PackageError, match="is not there"),
        supply(str(tmp_path)).fetched(parse_source("cool")),
    ):
        pass


def test_an_archive_that_was_changed_on_its_server_is_refused(
    here: Server, archive: Path, supply: Callable[..., Supply]
) -> None:
    artifact = described(archive, "x.tar.gz")
    here.answers["/index.json"] = Canned(index_of("cool", artifact=artifact))
    data = bytearray(archive.read_bytes())
    data[-1] ^= 1
    here.answers["/x.tar.gz"] = Canned(bytes(data))
    with (
        pytest.raises(PackageError) as caught,
        supply(here.url("/index.json")).fetched(parse_source("cool")),
    ):
        pass
    assert caught.value.facts["kind"] == "sha256-mismatch"


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://127.0.0.1:1/x.tar.gz", "leads-to-http"),
        ("https://127.0.0.1:1/x.tar.gz", "leads-to-private"),
        ("https://private.test/x.tar.gz", "leads-to-private"),
        ("ftp://public.test/x.tar.gz", "bad-index"),
        ("https://user:word@public.test/x.tar.gz", "bad-index"),
    ],
)
def test_an_index_whose_archives_lie_where_they_must_not_is_refused(
    public: Server, supply: Callable[..., Supply], url: str, kind: str
) -> None:
    public.answers["/index.json"] = Canned(index_of("cool", artifact={**ARTIFACT, "url": url}))
    with (
        pytest.raises(PackageError) as caught,
        supply(public.url("/index.json")).fetched(parse_source("cool")),
    ):
        pass
    assert caught.value.facts["kind"] == kind


@pytest.mark.parametrize("hostile", ALL, ids=str)
def test_a_hostile_index_is_refused_by_its_kind_and_leaves_no_trace(
    hostile: HostileIndex, public: Server, web: Web, tmp_path: Path
) -> None:
    error = refusal_of(hostile, tmp_path / "home", public=public, web=web)
    assert error.facts["kind"] == hostile.kind
    assert error.hint
    left = [one for one in (tmp_path / "home").rglob("*") if one.is_file()]
    assert [one for one in left if "cache" not in one.parts] == []


def test_what_fails_once_it_was_fetched_is_not_told_as_fetching(
    supply: Callable[..., Supply], tmp_path: Path
) -> None:
    with pytest.raises(OSError, match="mine"), supply().fetched(parse_source(f"{tmp_path}/")):
        raise OSError("mine")
    assert list((tmp_path / "home" / "packages" / ".staging").iterdir()) == []
