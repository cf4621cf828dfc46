"""How log lines are told."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from runtime_manager.api.logs import as_json, as_text, prefers_text


@dataclass(frozen=True)
class Line:
    number: int
    at: datetime
    stream: str
    generation: int
    text: str


LINE = Line(7, datetime(2030, 1, 2, tzinfo=UTC), "stderr", 2, 'said "é"')


def test_a_line_as_json_is_one_line_with_everything() -> None:
    told = as_json(LINE)
    assert told.endswith(b"\n")
    assert json.loads(told) == {
        "number": 7,
        "at": "2030-01-02T00:00:00.000Z",
        "stream": "stderr",
        "generation": 2,
        "text": 'said "é"',
    }


def test_a_line_as_text_is_as_it_was_printed() -> None:
    assert as_text(LINE) == 'said "é"\n'.encode()


@pytest.mark.parametrize(
    ("accept", "text"),
    [
        ("", False),
        ("*/*", False),
        ("text/plain", True),
        ("text/plain; charset=utf-8, */*;q=0.1", True),
        ("application/x-ndjson, text/plain", False),
    ],
)
def test_text_is_given_to_those_who_ask_for_it(accept: str, text: bool) -> None:
    assert prefers_text(accept) is text
