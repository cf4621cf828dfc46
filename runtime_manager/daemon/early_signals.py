"""Signals that come before the loop can take them: remembered, so that nobody dies half-started."""

from __future__ import annotations

import signal

ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""The signals that ask the daemon to stop."""


class EarlySignals:
    """Remembers the first that came; the loop's own handlers replace these."""

    def __init__(self) -> None:
        self.seen = ""
        for number in ENDING:
            signal.signal(number, self._remember)

    def _remember(self, number: int, _frame: object) -> None:
        self.seen = self.seen or signal.Signals(number).name
