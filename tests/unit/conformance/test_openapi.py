from __future__ import annotations

import json

import pytest

from runtime_manager.conformance.openapi import complaint, operations

GOOD = {
    "openapi": "3.1.0",
    "info": {"title": "Cool", "version": "1"},
    "paths": {"/x": {"get": {}, "post": {}, "summary": "two"}, "/y": {"delete": {}}},
}


def test_a_description_in_json_or_yaml_is_good() -> None:
    assert complaint(json.dumps(GOOD).encode()) == ""
    text = b"openapi: 3.0.3\ninfo: {title: Cool, version: '1'}\npaths:\n  /x:\n    get: {}\n"
    assert complaint(text) == ""
    assert operations(text) == 1
    assert operations(json.dumps(GOOD).encode()) == 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"openapi": None}, "no `openapi: 3.x`"),
        ({"openapi": "4.0"}, "OpenAPI 4.0 is not known"),
        ({"info": {"title": "Cool"}}, "`info`"),
        ({"paths": []}, "`paths` is no object"),
        ({"paths": {"x": {}}}, "'x' does not begin with /"),
    ],
)
def test_what_is_wrong_is_told(change: dict[str, object], words: str) -> None:
    assert words in complaint(json.dumps({**GOOD, **change}).encode())


@pytest.mark.parametrize("text", [b"[]", b"", b"just words", b"{", b"a: [", b"\xff\xfe\x00"])
def test_other_texts_are_none(text: bytes) -> None:
    assert complaint(text)


def test_a_description_without_anything_to_describe_is_none() -> None:
    document = {key: value for key, value in GOOD.items() if key != "paths"}
    assert "no `paths`" in complaint(json.dumps(document).encode())
