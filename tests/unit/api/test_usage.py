"""Usage is measured in a thread, at most once a second for each provider."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from runtime_manager.api.parts import Providers
from runtime_manager.api.usage import Gauge
from runtime_manager.errors import UnknownCodeError
from runtime_manager.supervisor.view import ProviderView

View = Callable[..., ProviderView]


@dataclass
class HandClock:
    seconds: float = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)


class Measured:
    """Providers of which only usage is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.threads: set[int] = set()

    def usage(self, code: str) -> Any:
        self.asked.append(code)
        self.threads.add(threading.get_ident())
        if code == "gone":
            raise UnknownCodeError("no such provider")
        return f"usage {len(self.asked)}"


def gauge() -> tuple[Gauge, Measured, HandClock]:
    measured, clock = Measured(), HandClock()
    return Gauge(cast(Providers, measured), clock), measured, clock


async def test_what_was_measured_is_kept_for_a_second(view: View) -> None:
    sut, measured, clock = gauge()
    echo = view("echo", pid=1)
    assert await sut.read([echo]) == {"echo": "usage 1"}
    clock.seconds = 0.99
    assert await sut.read([echo]) == {"echo": "usage 1"}
    clock.seconds = 1.0
    assert await sut.read([echo]) == {"echo": "usage 2"}
    assert threading.get_ident() not in measured.threads


async def test_only_those_with_a_process_are_measured(view: View) -> None:
    sut, measured, _ = gauge()
    assert await sut.read([view("a"), view("b", pid=2)]) == {"b": "usage 1"}
    assert measured.asked == ["b"]
    assert await sut.read([]) == {}


async def test_one_that_was_removed_meanwhile_uses_nothing(view: View) -> None:
    sut, _, _ = gauge()
    assert await sut.read([view("gone", pid=2)]) == {"gone": None}
