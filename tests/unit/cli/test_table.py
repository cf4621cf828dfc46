from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runtime_manager.cli.table import cut, shown_width, table, table_width

ROWS = [["CODE", "STATE", "CAUSE"], ["a", "ready", ""], ["longer-code", "failed", "it fell over"]]


def test_columns_are_aligned_and_lines_end_without_spaces() -> None:
    assert table(ROWS) == [
        "CODE         STATE   CAUSE",
        "a            ready",
        "longer-code  failed  it fell over",
    ]


def test_the_last_column_is_cut_to_the_width() -> None:
    assert table(ROWS, width=30)[2] == "longer-code  failed  it fell …"


def test_some_of_the_last_column_is_shown_however_narrow_the_terminal() -> None:
    assert table(ROWS, width=10)[2] == "longer-code  failed  it fell…"


def test_wide_characters_take_two_columns() -> None:
    lines = table([["NAME", "X"], ["日本", "1"], ["e\u0301", "2"]])
    assert lines == ["NAME  X", "日本  1", "e\u0301     2"]


def test_colour_comes_after_the_padding_and_not_on_the_heading() -> None:
    lines = table(ROWS[:2], paint=lambda column, cell: f"<{cell}>" if column == 1 else cell)
    assert lines == ["CODE  STATE  CAUSE", "a     <ready>"]


def test_the_width_before_the_last_column_counts_the_gaps() -> None:
    assert table_width(ROWS) == len("longer-code  failed  ")


@given(st.text(), st.integers(min_value=0, max_value=40))
def test_a_cut_text_never_exceeds_its_limit(text: str, limit: int) -> None:
    assert shown_width(cut(text, limit)) <= limit


@given(st.text())
def test_a_text_that_fits_is_not_cut(text: str) -> None:
    assert cut(text, shown_width(text)) == text
