import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime_manager.model.template import escape, expand, names_in

VALUES = {"port": "9901", "host": "127.0.0.1"}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("--port={port}", "--port=9901"),
        ("{host}:{port}", "127.0.0.1:9901"),
        ("{{port}}", "{port}"),
        ('{"port": {port}}', '{"port": 9901}'),
        ('{"a": {"b": 1}}', '{"a": {"b": 1}}'),
        ("a{2,3}", "a{2,3}"),
        ("${HOME}/{port}", "${HOME}/9901"),
        ("{}", "{}"),
        ("{ port }", "{ port }"),
        ("", ""),
    ],
)
def test_only_a_name_in_braces_is_a_placeholder(template: str, text: str) -> None:
    assert expand(template, VALUES) == text


def test_an_unknown_placeholder_is_an_error() -> None:
    with pytest.raises(KeyError, match="prot"):
        expand("{prot}", VALUES)


def test_the_names_are_found_in_order_and_without_escapes() -> None:
    assert list(names_in("{b} {{c}} {a} ${d}")) == ["b", "a"]


@given(st.text(alphabet='{}$ab_1\n"', max_size=30))
def test_an_escaped_text_expands_to_itself(text: str) -> None:
    assert expand(escape(text), {}) == text


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_value_is_put_in_as_it_is(before: str, value: str) -> None:
    plain = before.replace("{", "(").replace("}", ")").replace("$", "S")
    assert expand(plain + "{port}", {"port": value}) == plain + value
