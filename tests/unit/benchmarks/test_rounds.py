from __future__ import annotations

from benchmarks.rounds import in_turns


def test_measures_take_turns_and_the_first_round_is_thrown_away():
    order: list[str] = []

    def ours() -> float:
        order.append("A")
        return float(len(order))

    def beside() -> float:
        order.append("B")
        return float(len(order))

    assert in_turns(2, ours, beside) == [(3.0, 5.0), (4.0, 6.0)]
    assert order == ["A", "B"] * 3
