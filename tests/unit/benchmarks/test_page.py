from __future__ import annotations

import pytest

from benchmarks.page import BEGIN, END, circumstances, written


def test_what_stands_between_the_marks_is_replaced():
    page = f"# A\n\n{BEGIN}\n\nold\n\n{END}\n\nrest\n"
    once = written(page, "| new |\n")
    assert once == f"# A\n\n{BEGIN}\n\n| new |\n\n{END}\n\nrest\n"
    assert written(once, "| new |\n") == once


@pytest.mark.parametrize("page", ["", BEGIN, END, f"{END} {BEGIN}"])
def test_a_page_without_marks_is_refused(page: str):
    with pytest.raises(ValueError, match="has no"):
        written(page, "new")


def test_the_circumstances_name_command_and_python():
    told = circumstances("python -m benchmarks idle")
    assert told.startswith("`python -m benchmarks idle`, ")
    assert "Python 3." in told
