from __future__ import annotations

from datetime import UTC

from runtime_manager.clock import SystemClock


def test_monotonic_time_never_steps_back() -> None:
    clock = SystemClock()
    readings = [clock.monotonic() for _ in range(100)]
    assert readings == sorted(readings)


def test_wall_time_is_aware_and_in_utc() -> None:
    assert SystemClock().now().tzinfo is UTC
