import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime_manager.errors import ManifestError, RegistryError
from runtime_manager.model.document import LIMIT_BYTES, Document, load, scalar


def read(text: bytes | str) -> Document:
    return load(text, file="m.yaml")


def refused(text: bytes | str) -> ManifestError:
    with pytest.raises(ManifestError) as caught:
        read(text)
    assert caught.value.facts["file"] == "m.yaml"
    assert caught.value.message.startswith(f"m.yaml:{caught.value.facts['line']}: ")
    return caught.value


def test_plain_data_comes_out() -> None:
    text = "a: 1\nb: [x, 2.5, true, ~]\nc:\n  d: 'on'\n8080: port\non: key\n"
    assert read(text).data == {
        "a": 1,
        "b": ["x", 2.5, True, None],
        "c": {"d": "on"},
        "8080": "port",
        "on": "key",
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("0x10", 16),
        ("1_000", 1000),
        ("010", "010"),
        ("1:30", "1:30"),
        ("1.5", 1.5),
        ("1:30.5", "1:30.5"),
        ("yes", True),
        ("Off", False),
        ("null", None),
        ("", None),
        ("2026-03-14T12:00:00Z", "2026-03-14T12:00:00Z"),
        ("127.0.0.1:9880", "127.0.0.1:9880"),
        ("<<", "<<"),
        ("=", "="),
    ],
)
def test_an_unquoted_scalar_means_what_it_looks_like(text: str, value: object) -> None:
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)


def test_a_version_stays_as_it_is_written() -> None:
    assert read("version: 1.10").data == {"version": "1.10"}
    assert read("x: {version: 010}").data == {"x": {"version": "010"}}


def test_texts_stay_as_written_below_the_keys_asked_for() -> None:
    document = load(
        "env: {A: 1.10, B: [on], C: }\nn: 1.10", file="m", as_written=frozenset({"env"})
    )
    assert document.data == {"env": {"A": "1.10", "B": ["on"], "C": None}, "n": 1.1}


def test_lines_are_those_of_the_keys() -> None:
    document = read("a: 1\nb:\n  c:\n    - x\n    - {d: 1}\n")
    assert document.line(["a"]) == 1
    assert document.line(["b", "c"]) == 3
    assert document.line(["b", "c", 1]) == 5
    assert document.line(["b", "c", 1, "d"]) == 5
    assert document.line(["b", "c", 7]) == 3
    assert document.line(["b", "nothing", "there"]) == 2
    assert document.line(["a", "b"]) == 1
    assert document.line(["nothing"]) is None


def test_anchors_and_merges_are_understood() -> None:
    text = "a: &x {n: 1, m: 2}\nb: {<<: *x, m: 3}\nc: {<<: [*x, {n: 9, k: 4}]}\nd: *x\n"
    assert read(text).data == {
        "a": {"n": 1, "m": 2},
        "b": {"n": 1, "m": 3},
        "c": {"n": 1, "m": 2, "k": 4},
        "d": {"n": 1, "m": 2},
    }


def test_a_merge_takes_keys_and_values_alone() -> None:
    assert "<<" in refused("a: 1\nb: {<<: 3}").message


def test_a_quoted_merge_key_is_a_plain_key() -> None:
    assert read("a: {'<<': 3}").data == {"a": {"<<": 3}}


def test_a_duplicate_key_is_told_with_its_line() -> None:
    error = refused("a: 1\nb: 2\na: 3\n")
    assert error.facts["line"] == 3
    assert "`a` is here twice" in error.message


def test_a_duplicate_key_deep_down_is_told_too() -> None:
    assert refused("a:\n  - b: 1\n    b: 2\n").facts["line"] == 3


def test_the_caller_chooses_the_kind_of_error() -> None:
    with pytest.raises(RegistryError):
        load("- a", file="r", error=RegistryError)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "empty"),
        ("# only a comment\n", 1, "empty"),
        ("---\n", 1, "empty"),
        ("- a\n- b\n", 1, "expected keys and values"),
        ("just text", 1, "expected keys and values"),
        ("a: 1\n---\nb: 2\n", 2, "second document"),
        ("a:\n\t- b\n", 2, "a tab"),
        ("a: 1\nb: c: d\n", 2, "a colon"),
        ("a: 1\nb: *nope\n", 2, "alias"),
        ("a: [1, 2\n", 2, "did not find"),
        ("a: !foo 1\n", 1, "tag"),
        ("a: !foo {b: 1}\n", 1, "tag"),
        ("a: 1\nb: !!python/object/apply:os.system [ls]\n", 2, "tag"),
        ("a: !!binary aGk=\n", 1, "tag"),
        ("a: !!set {x}\n", 1, "tag"),
        ("a: 1\n? [x]\n: 1\n", 2, "a key must be a text"),
        ("a: 1\nb: \x00", 2, "control character"),
        ("a: 1\nb: \x07", 2, "control character"),
        (b"a: 1\nb: \xff", 2, "UTF-8"),
        (b"a: 1\nb: \x00", 2, "control character"),
        ("a: 1\nb: \ud800", 2, "UTF-8"),
        ("%YAML 3.0\n---\na: 1", 1, "YAML"),
        ("a: &x [*x]\n", 1, "levels of nesting"),
        ("a: &x {b: *x}\n", 1, "levels of nesting"),
        ("a: " + "[" * 100 + "]" * 100, 1, "levels of nesting"),
        ("a: 1\nb: " + "[" * 50_000 + "]" * 50_000, 2, "levels of nesting"),
        ("{a: " * 50_000 + "}" * 50_000, 1, "levels of nesting"),
        ("- " * 50_000 + "x", 1, "levels of nesting"),
    ],
)
def test_what_is_ambiguous_or_meant_to_harm_is_refused_with_its_line(
    text: bytes | str, line: int, says: str
) -> None:
    error = refused(text)
    assert says in error.message
    assert error.facts["line"] == line


def test_an_alias_bomb_is_refused_before_it_expands() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for before, after in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{after}: &{after} [{', '.join([f'*{before}'] * 9)}]")
    assert "aliases expanded" in refused("\n".join(lines)).message


def test_a_large_document_that_is_flat_is_fine() -> None:
    text = "a:\n" + "".join(f"  k{n}: [{n}]\n" for n in range(1000))
    assert len(read(text).data["a"]) == 1000


@pytest.mark.parametrize("make", [str, lambda text: text.encode()])
def test_a_file_over_the_limit_is_refused(make: type) -> None:
    text = "a: " + "x" * LIMIT_BYTES
    assert "expected at most" in refused(make(text)).message


def test_a_byte_order_mark_is_no_harm() -> None:
    assert read("\ufeffa: 1").data == read(b"\xef\xbb\xbfa: 1").data == {"a": 1}


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "~"])
def test_an_empty_file_can_be_allowed(text: str) -> None:
    document = load(text, file="c", may_be_empty=True)
    assert document.data == {}
    assert document.line(["a"]) is None


@given(
    st.one_of(st.binary(max_size=200), st.text(alphabet="ab:-[]{}&*!|>'\"#%@\n\t 1", max_size=60))
)
def test_whatever_the_bytes_there_is_a_document_or_an_error_with_a_line(text: bytes | str) -> None:
    try:
        document = read(text)
    except ManifestError as exc:
        error = exc
    else:
        assert isinstance(document.data, dict)
        return
    assert isinstance(error.facts["line"], int)
