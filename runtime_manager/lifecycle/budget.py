"""How often a failing provider is tried again, and how long it rests in between. Pure.

Failures are counted until a spell of continuous READY forgets them: a window by the clock would
never catch a slow starter, whose failures are further apart than any sensible window.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """The `max_failures`-th failure is final; restarts rest `delay_s`, then twice as long each."""

    max_failures: int = 5
    delay_s: float = 0.5
    max_delay_s: float = 30.0
    settle_s: float = 60.0

    def is_left(self, failures: int) -> bool:
        """Whether a restart may follow one more failure after `failures` counted ones."""
        return failures + 1 < self.max_failures

    def after_failure(self, failures: int, *, is_ours: bool) -> int:
        """The failures held against an instance after one more.

        One of the daemon's own (`is_ours`) makes rests longer, but leaves two tries.
        """
        return max(failures, min(failures + 1, self.max_failures - 2)) if is_ours else failures + 1

    def after_ready(self, failures: int, *, ready_for_s: float) -> int:
        """The failures still held against an instance that was READY for `ready_for_s`."""
        return 0 if ready_for_s >= self.settle_s else failures

    def rest_s(self, failures: int, *, jitter: float) -> float:
        """Seconds to wait after the `failures`-th failure, counted from 1.

        `jitter` in [0, 1) adds up to 10 %, so that providers which fell
        together do not rise together.
        """
        doubled = self.delay_s * 2.0 ** min(max(failures - 1, 0), 60)
        return float(min(doubled, self.max_delay_s) * (1 + jitter / 10))
