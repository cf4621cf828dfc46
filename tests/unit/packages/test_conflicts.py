from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime_manager.model.manifest import Manifest
from runtime_manager.model.provider import Provider
from runtime_manager.packages.conflicts import Found, conflicts


def found(
    folder: str, *, code: str = "", namespace: str = "", depends_on: Sequence[str] = ()
) -> Found:
    code = code or folder
    manifest = Manifest(
        code=code,
        binary="x",
        namespace=namespace or f"/api/v1/{code}",
        depends_on=tuple(depends_on),
    )
    return Found(folder, Provider(manifest, Path(f"/p/{folder}"), Path(f"/p/{folder}/m.yaml")))


def test_packages_that_go_together_have_no_conflict() -> None:
    assert conflicts([found("a", depends_on=["b", "c"]), found("b"), found("c")], ()) == {}


def test_the_first_folder_by_name_has_the_code() -> None:
    problems = conflicts([found("z", code="x"), found("y", code="x")], ())
    assert list(problems) == ["z"]
    assert "the folder y has the code `x` already" in problems["z"].message
    assert problems["z"].facts["key"] == "code"


def test_a_copy_does_not_take_the_code_of_the_folder_named_like_it() -> None:
    assert list(conflicts([found("hello"), found("dup", code="hello")], ())) == ["dup"]


def test_the_first_folder_by_name_has_the_namespace() -> None:
    problems = conflicts([found("b", namespace="/n"), found("a", namespace="/n")], ())
    assert list(problems) == ["b"]
    assert "the folder a has the namespace /n already" in problems["b"].message


def test_a_dependency_that_does_not_exist_is_told_with_the_nearest_code() -> None:
    problems = conflicts([found("a", depends_on=["databse"]), found("database")], ())
    assert problems["a"].message == "/p/a/m.yaml: depends_on: there is no provider `databse`"
    assert problems["a"].hint == "did you mean `database`?"
    assert conflicts([found("a", depends_on=["q"])], ())["a"].hint == "install it"


def test_who_depends_on_something_invalid_is_invalid_all_the_way_up() -> None:
    chain = [found("a", depends_on=["b"]), found("b", depends_on=["c"]), found("d")]
    problems = conflicts(chain, ["c"])
    assert set(problems) == {"a", "b"}
    assert "`c` is invalid itself" in problems["b"].message
    assert problems["a"].hint == "mend b first"


def test_a_cycle_is_named_and_takes_its_followers_with_it() -> None:
    ring = [
        found("a", depends_on=["b"]),
        found("b", depends_on=["c"]),
        found("c", depends_on=["a"]),
        found("d", depends_on=["a"]),
        found("e"),
    ]
    problems = conflicts(ring, ())
    assert set(problems) == {"a", "b", "c", "d"}
    assert "a cycle: a → b → c → a" in problems["b"].message
    assert "`a` is invalid itself" in problems["d"].message


def test_a_long_chain_of_dependencies_is_no_cycle() -> None:
    chain = [found(f"p{n}", depends_on=[f"p{n + 1}"]) for n in range(2000)]
    assert conflicts([*chain, found("p2000")], ()) == {}


@given(
    st.dictionaries(
        st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdefg"), max_size=3), max_size=6
    )
)
def test_what_is_left_can_be_started_in_some_order(edges: dict[str, list[str]]) -> None:
    problems = conflicts([found(c, depends_on=d) for c, d in edges.items()], ())
    left = {code: set(deps) for code, deps in edges.items() if code not in problems}
    while left:
        ready = {code for code, deps in left.items() if not deps & set(left)}
        assert ready, f"a cycle is left: {left}"
        assert all(left[code] <= set(edges) - set(problems) for code in ready)
        left = {code: deps for code, deps in left.items() if code not in ready}


@pytest.mark.parametrize("order", [1, -1])
def test_the_outcome_does_not_depend_on_the_order(order: int) -> None:
    all_found = [found("a", code="x"), found("b", code="x"), found("c", depends_on=["x"])]
    assert set(conflicts(all_found[::order], ())) == {"b"}
