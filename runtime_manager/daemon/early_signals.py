"""Signals that come before the loop can take them: remembered, so that nobody dies half-started.

SIGHUP asks for a reload, as of any daemon, unless the terminal we were started in is gone: then it
is the one word of its end that a program gets (termios(3), "modem disconnect").
"""

from __future__ import annotations

import os
import signal

ENDING = (signal.SIGTERM, signal.SIGINT)
"""The signals that ask the daemon to stop."""


class Terminal:
    """Whether the terminal that this process had at first has been hung up."""

    def __init__(self) -> None:
        self._had_one = _has_terminal()

    @property
    def is_gone(self) -> bool:
        """Whether there was one, and is none any more."""
        return self._had_one and not _has_terminal()


def _has_terminal() -> bool:
    """Whether a controlling terminal can be opened (tty(4): ENXIO where there is none)."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True


class EarlySignals:
    """Remembers the first that came; the loop's own handlers replace these.

    In a process that is another program's, nothing is listened for.
    """

    def __init__(self, *, is_embedded: bool = False) -> None:
        self.seen = ""
        self.terminal = Terminal()
        for number in () if is_embedded else (*ENDING, signal.SIGHUP):
            signal.signal(number, self._remember)

    def _remember(self, number: int, _frame: object) -> None:
        if number == signal.SIGHUP and not self.terminal.is_gone:
            return  # what it asks for is about to be read for the first time
        self.seen = self.seen or signal.Signals(number).name
