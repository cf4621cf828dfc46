"""How a stream of bytes becomes lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runtime_manager.process.lines import CUT, LINE_LIMIT, Allowance, Lines, Skipped


def read(*chunks: bytes) -> list[str]:
    lines = Lines()
    return [line for chunk in chunks for line in lines.feed(chunk)] + lines.end()


def test_lines_may_come_in_any_pieces() -> None:
    assert read(b"on", b"e\ntw", b"o\n", b"\nlast") == ["one", "two", "", "last"]


def test_the_ends_of_another_system_are_taken_too() -> None:
    assert read(b"one\r\n", b"two\r", b"\n", b"th\rree") == ["one", "two", "th\rree"]


def test_what_is_no_text_is_replaced() -> None:
    assert read(b"a\xff\x00b\n") == ["a\ufffd\x00b"]


def test_a_character_may_come_in_two_pieces() -> None:
    assert read("ä".encode()[:1], "ä\n".encode()[1:]) == ["ä"]


def test_a_long_line_is_cut_and_marked() -> None:
    first, last = read(b"x" * (LINE_LIMIT + 1) + b"\n")
    assert first == "x" * LINE_LIMIT + CUT
    assert last == "x"


def test_a_line_without_an_end_is_cut_as_it_comes() -> None:
    lines = Lines()
    found = [piece for _ in range(10) for piece in lines.feed(b"y" * 10_000)]
    assert found == ["y" * LINE_LIMIT + CUT] * 6
    assert lines.end() == ["y" * (100_000 - 6 * LINE_LIMIT)]


def test_a_cut_is_never_within_a_character() -> None:
    first, last = read(b"x" + "€".encode() * (LINE_LIMIT // 3 + 10) + b"\n")
    assert "\ufffd" not in first + last
    assert len(first.removesuffix(CUT)) + len(last) == LINE_LIMIT // 3 + 11


@given(st.binary(max_size=200), st.lists(st.integers(1, 20), max_size=30))
def test_pieces_make_no_difference(data: bytes, sizes: list[int]) -> None:
    chunks, rest = [], data
    for size in sizes:
        chunks.append(rest[:size])
        rest = rest[size:]
    assert read(*chunks, rest) == read(data)


def test_skipped_lines_are_counted_and_the_last_are_kept() -> None:
    skipped = Skipped(last_bytes=10, last_lines=40)
    assert not skipped.is_any
    skipped.add(b"1\n2\n3\n")
    skipped.add(b"4\n5\n6\n7\nhal")
    assert skipped.is_any
    gone, last = skipped.give()
    assert (gone, last) == (4, b"5\n6\n7\nhal")
    assert not skipped.is_any


def test_only_so_many_of_the_skipped_lines_are_kept() -> None:
    skipped = Skipped(last_bytes=1000, last_lines=2)
    skipped.add(b"1\n2\n3\n4\n")
    assert skipped.give() == (2, b"3\n4\n")


def test_an_allowance_is_saved_up_and_spent() -> None:
    allowance = Allowance(rate=10, most=100)
    assert allowance.spend(99, at=0)
    assert not allowance.spend(1, at=0)
    assert not allowance.spend(20, at=1)
    assert allowance.spend(5, at=2.6)
    assert allowance.spend(99, at=1000)
    assert not allowance.spend(1, at=1000)
