import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime_manager.errors import RegistryError
from runtime_manager.model.registry import (
    InstalledVersion,
    Registry,
    RegistryEntry,
    format_registry,
    parse_registry,
)
from runtime_manager.model.registry_schema import registry_schema

OF_CORE_IDE = """
version: 1
providers:
  weather-map:
    installed: 2026-03-14T12:00:00Z
    version: 1.10
    source: forge.example/somebody/weather-map
    auto_start: false
"""


def read(text: str) -> Registry:
    return parse_registry(text, file="registry.yaml")


def test_a_registry_of_core_ide_is_read() -> None:
    assert read(OF_CORE_IDE).get("weather-map") == RegistryEntry(
        installed="2026-03-14T12:00:00Z",
        version="1.10",
        source="forge.example/somebody/weather-map",
        auto_start=False,
    )


@pytest.mark.parametrize("text", ["", "version: 1", "providers:", "version: 1\nproviders: {}\n"])
def test_an_empty_file_is_an_empty_registry(text: str) -> None:
    assert read(text) == Registry()


def test_what_an_entry_does_not_say_has_its_default() -> None:
    assert read("providers: {a: {auto_start: , version: }, b: }").providers == {
        "a": RegistryEntry(),
        "b": RegistryEntry(),
    }


def test_keys_we_do_not_know_survive_a_rewrite_at_both_levels() -> None:
    registry = read("version: 1\nowner: me\nproviders:\n  a: {pinned: [1, ~], digest: abc}\n")
    assert registry.extra == {"owner": "me"}
    assert registry.providers["a"].extra == {"pinned": [1, None], "digest": "abc"}
    changed = registry.with_entry("b", RegistryEntry(version="2"))
    again = read(format_registry(changed))
    assert again == changed
    assert again.without("b") == registry


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("version: 2", 1, "version"),
        ("version: true", 1, "version"),
        ("version: [1]", 1, "version"),
        ("version: 1\nproviders: [a]", 2, "providers"),
        ("providers:\n  a: 3", 2, "providers.a"),
        ("providers:\n  a:\n    auto_start: 5", 3, "providers.a.auto_start"),
        ("providers:\n  a:\n    source: [x]", 3, "providers.a.source"),
        ("providers:\n  a:\n    folder: ../../b", 3, "providers.a.folder"),
        ("providers:\n  a:\n    held: 3", 3, "providers.a.held"),
        ("providers:\n  a:\n    previous:\n    - folder: /", 4, "providers.a.previous.0.folder"),
        ("providers:\n  a:\n    previous: 1.0", 3, "providers.a.previous"),
    ],
)
def test_what_is_wrong_is_told_with_line_and_key(text: str, line: int, key: str) -> None:
    with pytest.raises(RegistryError) as caught:
        read(text)
    assert (caught.value.facts["line"], caught.value.facts["key"]) == (line, key)


LOCKED = """
providers:
  cool:
    installed: 2026-03-14T12:00:00Z
    version: 1.10
    source: index:cool
    auto_start: true
    archive_sha256: 12345678e9
    tree_digest: 0123
    signer: 1e5
    folder: 1.10-0123
    held: yes
    permissions: {net: [127.0.0.1:80, 08]}
    previous:
    - {version: 1.9, tree_digest: 00, folder: 1.9-00, note: mine}
"""


def test_the_lock_of_an_entry_is_read_as_it_is_written() -> None:
    entry = read(LOCKED).providers["cool"]
    assert (entry.archive_sha256, entry.signer, entry.held) == ("12345678e9", "1e5", True)
    assert entry.permissions == {"net": ["127.0.0.1:80", "08"]}
    assert entry.previous == (
        InstalledVersion(version="1.9", tree_digest="00", folder="1.9-00", extra={"note": "mine"}),
    )


def test_another_version_takes_the_place_of_the_one_in_use() -> None:
    entry = read(LOCKED).providers["cool"]
    changed = entry.with_current(entry.previous[0])
    assert (changed.version, changed.folder, changed.source) == ("1.9", "1.9-00", "")
    assert (changed.held, changed.previous) == (True, entry.previous)
    assert changed.with_current(entry.current) == entry


def test_what_an_entry_does_not_have_is_not_written() -> None:
    text = format_registry(read(OF_CORE_IDE))
    assert [line.split(":")[0].strip() for line in text.splitlines()] == [
        "version",
        "providers",
        "weather-map",
        "installed",
        "version",
        "source",
        "auto_start",
    ]


def test_a_newer_format_is_told_as_such() -> None:
    with pytest.raises(RegistryError, match="a newer program"):
        read("version: 2")


def test_the_schema_is_published() -> None:
    schema = registry_schema()
    assert schema["$schema"].endswith("2020-12/schema")
    assert schema["properties"]["version"]["const"] == 1


_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(-1e9, 1e9) | _text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
    max_leaves=8,
)


def _unknown(
    *known: str, values: st.SearchStrategy[Any] = _json
) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(_text.filter(lambda key: key not in known), values, max_size=3)


_VERSION_KEYS = [name for name in InstalledVersion.__slots__ if name != "extra"]
_ENTRY_KEYS = [name for name in RegistryEntry.__slots__ if name != "extra"]
_folders = st.just("") | st.from_regex(r"[0-9]\.[0-9]-[0-9a-f]{4}", fullmatch=True)
_texts = {name: _text for name in _VERSION_KEYS if name != "folder"}
_versions = st.builds(
    InstalledVersion, **_texts, folder=_folders, extra=_unknown(*_VERSION_KEYS, values=_text)
)
_entries = st.builds(
    RegistryEntry,
    **_texts,
    auto_start=st.booleans(),
    held=st.booleans(),
    folder=_folders,
    permissions=st.dictionaries(_text, st.lists(_text, max_size=2), max_size=2),
    previous=st.lists(_versions, max_size=2).map(tuple),
    extra=_unknown(*_ENTRY_KEYS),
)
_registries = st.builds(
    Registry,
    providers=st.dictionaries(st.from_regex(r"[a-z0-9][a-z0-9-]{0,8}", fullmatch=True), _entries),
    extra=_unknown("version", "providers"),
)


def test_a_provider_may_be_called_like_a_key() -> None:
    text = "version: 1\nproviders:\n  source: {version: 1.10, auto_start: false}\n"
    entry = read(text).get("source")
    assert entry is not None
    assert (entry.version, entry.auto_start) == ("1.10", False)


@given(_registries)
def test_every_registry_comes_back_from_its_text(registry: Registry) -> None:
    assert read(format_registry(registry)) == registry


def test_what_we_write_ourselves_is_read_without_pydantic() -> None:
    version = InstalledVersion(version="0.9", folder="0.9-abcd")
    entry = RegistryEntry(version="1.0", held=True, previous=(version,), permissions={"net": ["a"]})
    program = (
        "import sys; from runtime_manager.model.registry import parse_registry; "
        "registry = parse_registry(sys.stdin.read(), file='f'); "
        "assert 'pydantic' not in sys.modules; print(registry.providers['cool'].version)"
    )
    text = format_registry(Registry({"cool": entry}))
    done = subprocess.run(
        [sys.executable, "-c", program], input=text, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("1.0\n", "")


@pytest.mark.parametrize(
    "entry",
    [
        "null",
        "{source: null}",
        "{previous: [null]}",
        "{previous: [{source: null}]}",
        "{previous: null, held: null}",
    ],
)
def test_what_says_nothing_counts_as_absent(entry: str) -> None:
    text = f"version: 1\nproviders:\n  cool: {entry}\n"
    if "[" in entry:
        with pytest.raises(RegistryError, match=r"registry\.yaml:3"):
            read(text)
    else:
        assert read(text).get("cool") == RegistryEntry()


def test_a_folder_that_leads_elsewhere_is_refused_by_its_line() -> None:
    with pytest.raises(RegistryError, match=r"registry\.yaml:3: .*folder"):
        read("version: 1\nproviders:\n  cool: {version: '1', folder: ../../etc}\n")
