from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime_manager.model.version import Version, parse_version

IDENTIFIERS = st.from_regex(r"\A(?:0|[1-9][0-9]{0,3}|[a-z-][a-z0-9-]{0,3})\Z")
VERSIONS = st.builds(
    lambda numbers, pre: ".".join(map(str, numbers)) + ("-" + ".".join(pre) if pre else ""),
    st.lists(st.integers(0, 3), min_size=1, max_size=3),
    st.lists(IDENTIFIERS, max_size=3),
).map(parse_version)


def test_versions_are_ordered_as_in_the_example_of_the_specification() -> None:
    texts = "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11"
    ordered = [parse_version(text) for text in f"{texts} 1.0.0-rc.1 1.0.0 2.0.0 2.1.0".split()]
    assert sorted(sorted(ordered, key=str)) == ordered
    assert all(one < other for one, other in pairwise(ordered))


@pytest.mark.parametrize(
    ("one", "other"), [("1", "1.0.0"), ("1.2", "v1.2.0"), ("1.2.3+a", "1.2.3+b"), ("1.02", "1.2")]
)
def test_spellings_of_one_version_are_equal(one: str, other: str) -> None:
    assert parse_version(one) == parse_version(other)
    assert hash(parse_version(one)) == hash(parse_version(other))


def test_a_version_is_shown_as_it_was_written() -> None:
    assert str(parse_version("v1.10")) == "v1.10"


@pytest.mark.parametrize("text", ["", "1.2.3.4", "one", "1.", "-1", "1.2.3-", "1.2.3\n", "\u0661"])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no version"):
        parse_version(text)


def test_a_prerelease_comes_before_its_release() -> None:
    assert parse_version("1.2.0-rc.1").is_prerelease
    assert not parse_version("1.2").is_prerelease
    assert parse_version("1.2.0-rc.1") < parse_version("1.2")


def test_a_version_is_nothing_but_a_version() -> None:
    assert parse_version("1.2") != "1.2"


@given(VERSIONS, VERSIONS, VERSIONS)
def test_the_order_is_total(one: Version, two: Version, three: Version) -> None:
    assert (one < two) + (one == two) + (one > two) == 1
    if one <= two and two <= three:
        assert one <= three


@given(VERSIONS)
def test_text_reads_back(version: Version) -> None:
    assert parse_version(str(version)) == version
