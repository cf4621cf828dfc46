import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime_manager.model.version import parse_version
from runtime_manager.model.version_range import ANY, parse_range
from tests.unit.model.test_version import VERSIONS

NUMBERS = st.integers(0, 3)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("", "0 1.2.3 99", "1.0.0-beta"),
        ("*", "0 1.2.3", "1.0.0-beta"),
        ("^1.2", "1.2 1.2.3 1.9.9", "1.1.9 2 2.0.0-beta 1.3.0-beta"),
        ("^1.2.3", "1.2.3 1.9", "1.2.2 1.2.3-beta 2"),
        ("^0.2.3", "0.2.3 0.2.9", "0.3.0 0.2.2 1"),
        ("^0.0.3", "0.0.3", "0.0.4 0.0.2"),
        ("^0.0", "0.0.0 0.0.9", "0.1.0"),
        ("^0", "0.0.1 0.9", "1"),
        ("^1.x", "1 1.9", "2"),
        ("^1.2.3-beta.2", "1.2.3-beta.2 1.2.3-beta.3 1.2.3 1.3", "1.2.3-beta.1 1.2.4-beta.3 2"),
        ("~1.2.3", "1.2.3 1.2.9", "1.3 1.2.2"),
        ("~1.2", "1.2 1.2.9", "1.3"),
        ("~1", "1 1.9", "2"),
        ("1.2.3", "1.2.3 v1.2.3+build", "1.2.4 1.2.3-beta"),
        ("=1.2", "1.2 1.2.9", "1.3 1.1.9"),
        ("1.x", "1 1.9", "2 0.9"),
        ("1.2.*", "1.2 1.2.9", "1.3"),
        ("1.x.3", "1 1.9", "2"),
        (">=1.2 <2", "1.2 1.9.9", "1.1 2 2.0.0-alpha"),
        (">=1.2,<2", "1.2 1.9.9", "1.1 2"),
        (">= 1.2 < 2", "1.2 1.9.9", "1.1 2"),
        (">1.2", "1.3 2", "1.2 1.2.9"),
        (">1.2.3", "1.2.4", "1.2.3"),
        ("<=1.2", "1.2.9 0", "1.3"),
        ("<=1.2.3", "1.2.3", "1.2.4"),
        ("<2.0.0-rc", "1.9 2.0.0-beta", "2.0.0-rc 2"),
        (">=*", "0 9", ""),
        ("<*", "", "0 9"),
        ("1.2.3-beta", "1.2.3-beta", "1.2.3 1.2.3-alpha"),
    ],
)
def test_a_range_allows_what_it_says(text: str, inside: str, outside: str) -> None:
    wanted = parse_range(text)
    assert [v for v in inside.split() if not wanted.allows(parse_version(v))] == []
    assert [v for v in outside.split() if wanted.allows(parse_version(v))] == []


@pytest.mark.parametrize(
    "text",
    ["^", "one", "1 || 2", "1.2.3.4", "^^1", ">=", "1 - 2", "1.x-beta", "~>1.2", "1" * 300, "-1"],
)
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no range"):
        parse_range(text)


def test_a_range_is_shown_as_it_was_written() -> None:
    assert str(parse_range("^1.2")) == "^1.2"
    assert str(ANY) == "*"


@given(st.lists(NUMBERS, min_size=1, max_size=3), VERSIONS)
def test_a_caret_never_leaves_the_first_number(numbers: list[int], version: object) -> None:
    written = ".".join(map(str, numbers))
    found = parse_version(str(version))
    if parse_range(f"^{written}").allows(found):
        assert found.numbers[0] == numbers[0]
        assert found >= parse_version(written)


@given(NUMBERS, NUMBERS, NUMBERS, VERSIONS)
def test_of_two_sides_a_release_is_on_one(one: int, two: int, three: int, version: object) -> None:
    found = parse_version(str(version))
    at = f"{one}.{two}.{three}"
    sides = [parse_range(sign + at).allows(found) for sign in ("<", "=", ">")]
    assert sum(sides) == (0 if found.is_prerelease else 1)
