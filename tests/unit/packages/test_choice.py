import json
from pathlib import Path

import pytest

from runtime_manager.errors import PackageError
from runtime_manager.model.index import parse_index
from runtime_manager.model.source import IndexSource, parse_source
from runtime_manager.model.version import parse_version
from runtime_manager.packages.choice import Choice, choose
from runtime_manager.packages.index import Loaded, Offer

ARTIFACT = {"url": "x.tar.gz", "sha256": "ab" * 32, "size": 10}
MODULES = [
    {
        "code": "cool",
        "versions": [
            {"version": version, "platforms": {"any": ARTIFACT}}
            for version in ("1.0.0", "1.2.0", "2.0.0")
        ]
        + [{"version": "3.0.0", "platforms": {"macos-aarch64": ARTIFACT}}],
    },
    {"code": "bare", "repo": "https://example.org/bare.git"},
]


def chosen(text: str, installed: str | None = None, *, may_downgrade: bool = False) -> Choice:
    source = parse_source(text)
    assert isinstance(source, IndexSource)
    index = parse_index(json.dumps({"version": 1, "modules": MODULES}).encode(), location="x")
    module = index.find(source.code)
    assert module is not None
    return choose(
        source,
        Offer(module, Loaded("the-index", index, Path("/"))),
        platform="linux-x86_64",
        installed=parse_version(installed) if installed else None,
        may_downgrade=may_downgrade,
    )


@pytest.mark.parametrize(
    ("text", "version"), [("cool", "2.0.0"), ("cool@^1", "1.2.0"), ("cool@1.0.0", "1.0.0")]
)
def test_the_newest_for_this_platform_is_chosen(text: str, version: str) -> None:
    assert chosen(text).release.version == version


def test_what_is_older_than_the_installed_one_needs_a_word() -> None:
    with pytest.raises(
        PackageError, match=r"cool 2.0.0 is older than the installed 2.1.0"
    ) as caught:
        chosen("cool", "2.1.0")
    assert caught.value.facts["kind"] == "downgrade"
    assert "--allow-downgrade" in caught.value.hint
    assert chosen("cool", "2.1.0", may_downgrade=True).release.version == "2.0.0"
    assert chosen("cool", "2.0.0").release.version == "2.0.0"


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("cool@^9", "no-version", "no version of cool is in ^9"),
        ("cool@^3", "no-platform", "cool@^3 has nothing for linux-x86_64; there is macos-aarch64"),
        ("bare", "no-version", "has no versions of it"),
    ],
)
def test_what_cannot_be_had_is_told(text: str, kind: str, words: str) -> None:
    with pytest.raises(PackageError) as caught:
        chosen(text)
    assert caught.value.facts["kind"] == kind
    assert words in caught.value.message
    assert caught.value.hint
