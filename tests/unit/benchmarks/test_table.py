from __future__ import annotations

import json

import pytest

from benchmarks.figures import Limit, Row, Section, Unit
from benchmarks.table import as_json, as_markdown, as_text, number, target

SECTION = Section(
    "crash",
    "a program is killed",
    "its parent",
    (
        Row("seen", Unit.SECONDS, (0.002, 0.004, 0.003), (0.001, 0.001, 0.001), Limit(plus=0.005)),
        Row("descriptors", Unit.COUNT, (12.0,)),
    ),
    ("by hand",),
)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1.5, Unit.SECONDS, "1.50 s"),
        (0.0123, Unit.SECONDS, "12.3 ms"),
        (0.123, Unit.SECONDS, "123 ms"),
        (0.000048, Unit.SECONDS, "48 µs"),
        (0.0, Unit.SECONDS, "0 µs"),
        (3 * 2.0**20, Unit.BYTES, "3 MiB"),
        (2048.5, Unit.BYTES, "2.00 KiB"),
        (1.234, Unit.PERCENT, "1.23 %"),
        (1234.0, Unit.COUNT, "1,234"),
        (20512.7, Unit.PER_SECOND, "20,513 /s"),
    ],
)
def test_a_number_is_told_in_the_multiple_that_reads_best(value: float, unit: Unit, text: str):
    assert number(value, unit) == text


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        (None, ""),
        (Limit(factor=0.6), "≤ 0.6x"),
        (Limit(factor=1.1, plus=0.05), "≤ 1.1x + 50 ms"),
        (Limit(plus=0.005), "≤ 5 ms"),
    ],
)
def test_a_target_is_told_in_the_units_of_its_row(limit: Limit | None, text: str):
    assert target(limit, Unit.SECONDS) == text


def test_people_get_columns_with_notes_below():
    assert as_text([SECTION]).splitlines() == [
        "crash: a program is killed; beside it: its parent",
        "               ours  beside it  ratio  target",
        "  seen         3 ms  1 ms       3.00x  ≤ 5 ms  met",
        "  descriptors  12",
        "  by hand",
    ]


def test_a_section_that_could_not_be_measured_says_so_without_a_table():
    section = Section("gateway", "requests", "", (), ("not measured: wrk is not installed",))
    assert as_text([section]) == "gateway: requests\n  not measured: wrk is not installed\n"


def test_the_documentation_gets_a_table():
    assert as_markdown([SECTION]).splitlines()[2:] == [
        "| **crash**: a program is killed | | *its parent* | | | |",
        "| seen | 3 ms | 1 ms | 3.00x | ≤ 5 ms | met |",
        "| descriptors | 12 |  |  |  |  |",
    ]


def test_programs_get_every_round():
    (section,) = json.loads(as_json([SECTION]))["sections"]
    seen, descriptors = section["rows"]
    assert seen["ours"] == [0.002, 0.004, 0.003]
    assert seen["ours_median"] == 0.003
    assert seen["is_met"] is True
    assert descriptors["beside_median"] is None
