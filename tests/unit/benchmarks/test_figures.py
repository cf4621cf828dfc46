from __future__ import annotations

import pytest

from benchmarks.figures import Limit, Row, Unit


def row(*ours: float, beside: tuple[float, ...] = (), limit: Limit | None = None) -> Row:
    return Row("x", Unit.SECONDS, ours, beside, limit)


def test_a_row_is_told_by_the_middle_of_its_rounds():
    assert row(9.0, 1.0, 2.0).ours_median == 2.0
    assert row(1.0, 1.0, beside=(4.0, 2.0)).beside_median == 3.0


def test_a_row_without_a_neighbour_has_no_ratio():
    assert row(1.0).beside_median is None
    assert row(1.0).ratio is None


def test_a_neighbour_of_nothing_gives_no_ratio():
    assert row(1.0, beside=(0.0,)).ratio is None


def test_a_ratio_is_taken_within_a_round():
    # The machine was slow for both in the second round, and for both in the third.
    assert row(2.0, 20.0, 40.0, beside=(1.0, 10.0, 20.0)).ratio == 2.0


@pytest.mark.parametrize(
    ("ours", "is_met"),
    [(0.005, True), (0.0051, False)],
)
def test_an_absolute_target_needs_no_neighbour(ours: float, is_met: bool):
    assert row(ours, limit=Limit(plus=0.005)).is_met is is_met


@pytest.mark.parametrize(
    ("ours", "is_met"),
    [(1.14, True), (1.16, False)],
)
def test_a_target_may_be_a_multiple_and_something_more(ours: float, is_met: bool):
    assert row(ours, beside=(1.0,), limit=Limit(factor=1.1, plus=0.05)).is_met is is_met


def test_one_bad_round_does_not_miss_a_target():
    assert row(1.0, 1.0, 9.0, beside=(1.0, 1.0, 1.0), limit=Limit(factor=1.5)).is_met is True


def test_without_a_target_nothing_is_met_or_missed():
    assert row(1.0).is_met is None


def test_rounds_that_do_not_belong_together_are_an_error():
    with pytest.raises(ValueError, match="shorter"):
        assert row(1.0, 2.0, beside=(1.0,)).ratio
