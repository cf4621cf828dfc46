"""The pure parts: cutting bytes into lines, and the ring of the newest entries."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from providers.process.process_provider.lines import MAX_LINE_BYTES, Lines
from providers.process.process_provider.ring import Ring


@given(st.binary(max_size=200), st.lists(st.integers(1, 20)))
def test_lines_do_not_depend_on_how_the_bytes_arrive(data: bytes, sizes: list[int]) -> None:
    whole, parts = Lines(), Lines()
    expected = whole.feed(data) + whole.end()
    seen = []
    for size in sizes:
        seen += parts.feed(data[:size])
        data = data[size:]
    assert seen + parts.feed(data) + parts.end() == expected


@given(st.text("a☃é𝄞", max_size=20), st.integers(MAX_LINE_BYTES - 40, MAX_LINE_BYTES * 2))
def test_a_long_line_comes_in_parts_and_no_character_is_torn(end: str, size: int) -> None:
    text = "x" * size + end
    for newline in ("", "\n"):
        lines = Lines()
        parts = lines.feed((text + newline).encode()) + lines.end()
        assert "".join(parts) == text
        assert all(len(part.encode()) <= MAX_LINE_BYTES for part in parts)


def test_a_carriage_return_before_a_newline_is_part_of_it() -> None:
    assert Lines().feed(b"a\r\n\r\nb\rc\n") == ["a", "", "b\rc"]


@given(st.integers(1, 20), st.integers(0, 40), st.integers(0, 50), st.integers(1, 10))
def test_reading_on_meets_every_number_or_counts_it_as_missed(
    kept: int, written: int, after: int, limit: int
) -> None:
    ring = Ring(max_entries=kept, max_chars=10_000)
    for _ in range(written):
        ring.append("x")
    ring.close("end")
    at = min(after, ring.last)
    met = at
    page = ring.read(after=at, limit=limit)
    while True:
        assert [entry.number for entry in page.entries] == list(
            range(met + page.missed + 1, met + page.missed + 1 + len(page.entries))
        )
        met = page.next_after(met)
        if page.is_last:
            break
        page = ring.read(after=met, limit=limit)
    assert met == ring.last == written + 1


def test_a_ring_is_bounded_in_size_but_keeps_the_newest() -> None:
    ring = Ring(max_entries=100, max_chars=200)
    for number in range(50):
        ring.append("x", text=str(number) * 20)
    page = ring.read(after=0)
    assert sum(len(entry.data) for entry in page.entries) <= 200
    assert json.loads(page.entries[-1].data)["text"] == "49" * 20
    ring.append("x", text="y" * 1000)
    [entry] = ring.read(after=0).entries
    assert len(entry.data) > 1000


def test_nothing_follows_the_last_entry() -> None:
    ring = Ring(max_entries=5, max_chars=100)
    ring.close("end")
    ring.append("x")
    assert ring.last == 1
    assert ring.read(after=1).is_last
