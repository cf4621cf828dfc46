"""What grows is told from what wavers."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.growth import HELD, Look, as_text, judged

MIB = 2.0**20


def looks(**values: list[float]) -> list[Look]:
    """One each minute; what is not given stays at 10."""
    count = len(next(iter(values.values())))
    held = {what: values.get(what, [10.0] * count) for what in HELD}
    return [Look(at * 60.0, {what: held[what][at] for what in HELD}) for at in range(count)]


@pytest.mark.parametrize(
    ("values", "is_flat"),
    [
        ([70.0] * 30, True),
        ([70.0 + index % 4 for index in range(30)], True),
        ([20.0 * min(index, 5) for index in range(30)], True),  # it warms up, and stays
        ([70.0 + index for index in range(30)], False),
    ],
)
def test_what_rises_after_the_beginning_grows(values: list[float], is_flat: bool) -> None:
    rows = {row.what: row for row in judged(looks(descriptors=values), warm_share=0.2)}
    assert rows["descriptors"].is_flat is is_flat
    assert all(row.is_flat for what, row in rows.items() if what != "descriptors")


def test_the_slope_is_of_an_hour() -> None:
    rows = judged(looks(PSS=[index * MIB for index in range(30)]), warm_share=0.2)
    assert rows[0].per_hour == pytest.approx(60 * MIB)
    assert rows[0].thirds[0] < rows[0].thirds[1] < rows[0].thirds[2]


def test_the_table_names_what_grows_and_the_life_it_stands_for() -> None:
    seen = looks(tasks=[float(index) for index in range(30)])
    text = as_text(judged(seen, warm_share=0.0), seen, Counter({"crashes": 1200}))
    assert "GROWS" in next(line for line in text.splitlines() if line.startswith("tasks"))
    assert text.count("flat") == len(HELD) - 1
    assert "1,200 crashes" in text
