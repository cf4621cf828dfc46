import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime_manager.model.units import (
    LARGEST_BYTES,
    LONGEST_S,
    parse_duration,
    parse_size,
    parse_span,
    size_text,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("5s", 5.0),
        ("1.5s", 1.5),
        ("10m", 600.0),
        ("2h", 7200.0),
        ("1d", 86400.0),
        (" 3 s ", 3.0),
        ("7", 7.0),
        (7, 7.0),
        (0.25, 0.25),
        (0, 0.0),
    ],
)
def test_a_duration_is_read_as_people_write_it(text: object, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "value",
    [
        "",
        "s",
        "5 sec",
        "-1s",
        "1e3",
        "5s5",
        "\u0665s",
        "999d",
        -1,
        True,
        None,
        [5],
        math.nan,
        math.inf,
    ],
)
def test_what_is_no_duration_is_refused_with_an_example(value: object) -> None:
    with pytest.raises(ValueError, match="expected a duration such as 500ms, 5s or 10m"):
        parse_duration(value)


def test_a_span_must_be_more_than_nothing() -> None:
    assert parse_span("1ms") == 0.001
    with pytest.raises(ValueError, match="more than 0"):
        parse_span("0s")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("64KiB", 65536),
        ("512MiB", 512 * 1024**2),
        ("1.5GiB", 1536 * 1024**2),
        ("2TB", 2 * 10**12),
        ("1KB", 1000),
        ("17B", 17),
        ("17", 17),
        (17, 17),
        ("4611686018427387904", 2**62),
    ],
)
def test_a_size_is_read_as_people_write_it(text: object, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "value", ["", "KiB", "5X", "1 000", -1, 2**62 + 1, True, 1.5, None, "5kib"]
)
def test_what_is_no_size_is_refused_with_an_example(value: object) -> None:
    with pytest.raises(ValueError, match="expected a size such as 64KiB or 512MiB"):
        parse_size(value)


@given(st.floats(min_value=0, max_value=LONGEST_S, allow_nan=False))
def test_seconds_written_as_text_come_back(seconds: float) -> None:
    assert parse_duration(f"{seconds:.9f}s") == pytest.approx(min(seconds, LONGEST_S), abs=1e-9)


@given(st.integers(min_value=0, max_value=LARGEST_BYTES))
def test_bytes_written_as_text_come_back_exactly(size: int) -> None:
    assert parse_size(f"{size}B") == parse_size(size) == size


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1023 B"), (268435456, "256 MiB"), (1536, "1.5 KiB"), (2**41, "2 TiB")],
)
def test_a_size_is_told_as_a_person_writes_it(size: int, text: str) -> None:
    assert size_text(size) == text
    assert parse_size(text) == size
