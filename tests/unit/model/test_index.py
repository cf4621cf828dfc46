import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime_manager.errors import PackageError
from runtime_manager.model.index import (
    LIMIT_BYTES,
    Index,
    Module,
    format_index,
    index_schema,
    parse_index,
)
from runtime_manager.model.version_range import parse_range

ARTIFACT = {"url": "cool-1.0.0.tar.gz", "sha256": "ab" * 32, "size": 10}


def release(version: str, **more: Any) -> dict[str, Any]:
    return {"version": version, "platforms": {"any": ARTIFACT}, **more}


def text_of(*modules: object, **more: object) -> bytes:
    return json.dumps({"version": 1, "modules": modules, **more}).encode()


def cool(*versions: dict[str, Any], **more: Any) -> Module:
    text = text_of({"code": "cool", "versions": versions, **more})
    found = parse_index(text, location="x").find("cool")
    assert found is not None
    return found


def test_an_index_of_core_ide_is_read() -> None:
    text = b"""{"version": 1, "categories": ["tools"], "modules": [
      {"code": "cool", "name": "Cool", "repo": "https://example.org/cool.git",
       "sign_key": "00ff", "category": "tools", "stars": 5}]}"""
    found = parse_index(text, location="x")
    assert found.categories == ("tools",)
    assert found.modules[0].repo == "https://example.org/cool.git"
    assert found.modules[0].newest(platform="linux-x86_64") is None
    assert found.find("other") is None


def test_versions_are_ordered_whatever_the_order_in_the_file() -> None:
    found = cool(release("1.9.0"), release("1.10.0"), release("1.10.0-rc.1"))
    assert [one.version for one in found.versions] == ["1.10.0", "1.10.0-rc.1", "1.9.0"]


@pytest.mark.parametrize(
    ("wanted", "newest"),
    [
        ("", "1.10.0"),
        ("^1.2", "1.10.0"),
        ("~1.9", "1.9.0"),
        ("^3", None),
        ("2.0.0-rc.1", "2.0.0-rc.1"),
    ],
)
def test_the_newest_that_will_do_is_found(wanted: str, newest: str | None) -> None:
    found = cool(release("1.9.0"), release("1.10.0"), release("2.0.0-rc.1"))
    taken = found.newest(parse_range(wanted), platform="linux-x86_64")
    assert (taken and taken.version) == newest


def test_a_prerelease_is_taken_where_nothing_else_is_there() -> None:
    found = cool(release("1.0.0-beta"))
    taken = found.newest(platform="linux-x86_64")
    assert taken
    assert taken.version == "1.0.0-beta"
    assert found.newest(parse_range("^1"), platform="linux-x86_64") is None


def test_an_archive_is_for_its_platform_before_any() -> None:
    for_arm = {**ARTIFACT, "url": "arm.tar.gz"}
    found = cool(
        release("1.0.0", platforms={"any": ARTIFACT, "linux-aarch64": for_arm}),
        release("2.0.0", platforms={"linux-aarch64": for_arm}),
    )
    old = found.newest(platform="linux-x86_64")
    assert old
    assert old.version == "1.0.0"
    new = found.newest(platform="linux-aarch64")
    assert new
    assert new.artifact("linux-aarch64") is new.platforms["linux-aarch64"]
    assert old.artifact("linux-aarch64") is old.platforms["linux-aarch64"]
    assert new.artifact("linux-x86_64") is None


def test_a_version_may_have_a_signer_of_its_own() -> None:
    found = cool(release("1.0.0"), release("2.0.0", signer="other"), signer="ours")
    assert [found.signer_of(one) for one in found.versions] == ["other", "ours"]
    assert cool(release("1.0.0")).signer_of(found.versions[1]) is None


def test_a_package_is_found_by_words_in_whatever_says_what_it_is() -> None:
    found = cool(name="Cool Widget", description="Draws Charts", category="tools")
    assert found.is_about(["widget", "chart", "TOOL"])
    assert found.is_about([])
    assert not found.is_about(["widget", "music"])


BAD = [
    (b"", "no JSON"),
    (b"{", "line 1: no JSON"),
    (b"[]", "expected an object"),
    (b"\xff", "decode"),
    (b"[" * 200_000, "nested too deep"),
    (b"{}", "version: it is missing"),
    (b'{"version": 2}', "version: expected at most 1"),
    (b'{"version": "1"}', "version: expected a whole number"),
    (b'{"version": 1, "version": 1}', "`version` is there twice"),
    (b'{"version": 1, "modules": {}}', "modules: expected a list"),
    (text_of({"code": "Cool"}), "modules.0.code: expected a code"),
    (text_of({"code": "../x"}), "modules.0.code: expected a code"),
    (text_of({"name": "x"}), "modules.0.code: it is missing"),
    (text_of({"code": "a"}, {"code": "a"}), "the code `a` is here twice"),
    (text_of({"code": "a", "signer": "-x"}), "modules.0.signer: expected the id of a key"),
    (text_of({"code": "a", "versions": [release("one")]}), "is no version"),
    (text_of({"code": "a", "versions": [release("1.0"), release("1")]}), "is here twice"),
    (text_of({"code": "a", "versions": [{"version": "1", "platforms": {}}]}), "one platform"),
]
BAD_ARTIFACTS = [
    ({"url": "../x.tar.gz"}, "platforms.any.url: expected https"),
    ({"url": "/etc/passwd"}, "platforms.any.url: expected https"),
    ({"url": "a/../../x"}, "platforms.any.url: expected https"),
    ({"url": "file:x"}, "platforms.any.url: expected https"),
    ({"url": "-x"}, "platforms.any.url: expected https"),
    ({"url": "a\nb"}, "platforms.any.url: expected https"),
    ({"url": ""}, "platforms.any.url: expected https"),
    ({"sha256": "AB" * 32}, "platforms.any.sha256: expected 64"),
    ({"sha256": "ab"}, "platforms.any.sha256: expected 64"),
    ({"size": 0}, "platforms.any.size: expected more than 0"),
    ({"size": 2**60}, "platforms.any.size: expected at most"),
    ({"size": "10"}, "platforms.any.size: expected a whole number"),
]


@pytest.mark.parametrize(("text", "reason"), BAD, ids=[str(row[0][:30]) for row in BAD])
def test_a_bad_index_is_refused_with_the_reason(text: bytes, reason: str) -> None:
    with pytest.raises(PackageError) as caught:
        parse_index(text, location="https://example.org/index.json")
    assert reason in caught.value.message
    assert caught.value.message.startswith("https://example.org/index.json is no good index")
    assert caught.value.facts["kind"] == "bad-index"


@pytest.mark.parametrize(("change", "reason"), BAD_ARTIFACTS)
def test_a_bad_archive_of_an_index_is_refused(change: dict[str, Any], reason: str) -> None:
    platforms = {"any": {**ARTIFACT, **change}}
    with pytest.raises(PackageError, match="no good index") as caught:
        cool({"version": "1", "platforms": platforms})
    assert reason in caught.value.message


@pytest.mark.parametrize("name", ["Linux-x86_64", "linux", "linux-x86/64", ""])
def test_what_is_no_platform_is_refused(name: str) -> None:
    with pytest.raises(PackageError, match="is no platform"):
        cool({"version": "1", "platforms": {name: ARTIFACT}})


def test_several_problems_are_counted() -> None:
    with pytest.raises(PackageError, match="and 1 more"):
        parse_index(text_of({"code": "A"}, {"code": "B"}), location="x")


def test_an_index_that_is_too_large_is_not_read() -> None:
    text = b" " * (LIMIT_BYTES + 1)
    with pytest.raises(PackageError, match="larger than"):
        parse_index(text, location="x")


def test_text_reads_back_and_says_no_more_than_it_must() -> None:
    text = text_of({"code": "cool", "versions": [release("1.0.0")]}, categories=["a"])
    found = parse_index(text, location="x")
    written = format_index(found)
    assert parse_index(written.encode(), location="x") == found
    assert json.loads(written) == json.loads(text)


@given(
    st.binary(max_size=80)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["version", "modules", "code", "versions", "platforms", "any", "url"]
                ),
                inner,
                max_size=4,
            )
        ),
    ).map(lambda data: json.dumps(data).encode())
)
def test_whatever_comes_it_is_an_index_or_refused(text: bytes) -> None:
    with suppress(PackageError):
        assert isinstance(parse_index(text, location="x"), Index)


def test_the_schema_tells_of_every_key() -> None:
    schema = index_schema()
    assert set(schema["properties"]) == {"version", "modules", "categories"}
    assert set(schema["$defs"]["Artifact"]["properties"]) == {"url", "sha256", "size"}
