from __future__ import annotations

from typing import Any

import pytest

from runtime_manager.cli.rates import Look, figures


def provider(cpu: float | None, requests: int, generation: int = 1) -> dict[str, Any]:
    usage = None if cpu is None else {"cpu_seconds": cpu, "rss_bytes": 1024, "processes": 2}
    traffic = {"in_flight": 1, "requests": requests}
    facts = {"code": "cool", "state": "ready", "restarts": 0, "since": "2026-01-01T00:00:00Z"}
    return {**facts, "generation": generation, "usage": usage, "traffic": traffic}


def row(now: dict[str, Any], before: dict[str, Any] | None) -> dict[str, Any]:
    (told,) = figures(Look([now], at=12.0), Look([before], at=10.0) if before else None)
    return told


def test_rates_are_of_the_time_between_two_looks() -> None:
    told = row(provider(1.5, 50), provider(1.0, 10))
    assert (told["cpu_percent"], told["requests_per_s"]) == (25.0, 20.0)
    assert (told["in_flight"], told["rss_bytes"], told["processes"]) == (1, 1024, 2)


@pytest.mark.parametrize(
    ("now", "before", "cpu", "requests"),
    [
        (provider(1.0, 5), None, None, None),
        (provider(1.0, 5, 2), provider(0.5, 1, 1), None, 2.0),
        (provider(0.5, 1), provider(1.0, 5), None, None),
        (provider(None, 5), provider(1.0, 5), None, 0.0),
        (provider(1.0, 5), provider(None, 5), None, 0.0),
    ],
)
def test_a_rate_is_none_where_there_is_nothing_to_compare(
    now: dict[str, Any], before: dict[str, Any] | None, cpu: float | None, requests: float | None
) -> None:
    told = row(now, before)
    assert (told["cpu_percent"], told["requests_per_s"]) == (cpu, requests)


def test_what_an_older_daemon_does_not_tell_is_none() -> None:
    told = row({"code": "cool", "state": "ready"}, {"code": "cool", "state": "ready"})
    assert (told["requests_per_s"], told["in_flight"], told["rss_bytes"]) == (None, None, None)


def test_providers_are_told_by_code() -> None:
    look = Look([{**provider(1, 1), "code": code} for code in "ba"], at=1.0)
    assert [one["code"] for one in figures(look, None)] == ["a", "b"]
