from __future__ import annotations

from datetime import UTC, datetime

import pytest

from runtime_manager.cli.human import age, age_of, parse_seconds, printable, size

NOW = datetime(2025, 6, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("30s", 30), ("1.5m", 90), ("2h", 7200), ("1d", 86400), ("7", 7), (" 1s ", 1)],
)
def test_a_duration_is_read_in_seconds(text: str, seconds: float) -> None:
    assert parse_seconds(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "s", "-1s", "1 s", "1w", "1.2.3s", "inf", "nan", "1e3", "²s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_seconds(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0s"),
        (0, "0s"),
        (3.9, "3s"),
        (59.9, "59s"),
        (60, "1m"),
        (7199, "1h"),
        (3 * 86400, "3d"),
    ],
)
def test_an_age_is_its_largest_whole_unit(seconds: float, text: str) -> None:
    assert age(seconds) == text


@pytest.mark.parametrize(
    ("at", "text"),
    [
        ("2025-06-01T11:56:00+00:00", "4m"),
        ("2025-06-01T11:59:57.500Z", "2s"),
        ("2025-06-01T14:00:00+04:00", "2h"),
        (NOW.timestamp() - 120, "2m"),
        ("yesterday", ""),
        ("2025-06-01T11:56:00", ""),
        (None, ""),
    ],
)
def test_an_age_is_counted_from_a_time(at: object, text: str) -> None:
    assert age_of(at, now=NOW) == text


@pytest.mark.parametrize(
    ("count_bytes", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1536, "1.5 KiB"),
        (512 * 2**20, "512.0 MiB"),
        (2**50, "1024.0 TiB"),
    ],
)
def test_a_size_has_a_binary_unit(count_bytes: int, text: str) -> None:
    assert size(count_bytes) == text


def test_control_characters_cannot_reach_the_terminal() -> None:
    assert printable("red\x1b[31m\nnext\tword\x00") == "red?[31m next word?"


def test_letters_of_any_language_are_printable() -> None:
    assert printable("größer 日本") == "größer 日本"
