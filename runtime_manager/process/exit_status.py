"""How a process ended. Pure."""

from __future__ import annotations

import signal
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ExitStatus:
    """Exactly one of `code` and `signal` is set. `is_oom`: killed for want of memory."""

    code: int | None
    signal: int | None
    is_oom: bool = False

    @classmethod
    def from_returncode(cls, returncode: int) -> ExitStatus:
        """From subprocess's number, which is negative for a signal."""
        if returncode < 0:
            return cls(None, -returncode)
        return cls(returncode, None)

    @property
    def is_clean(self) -> bool:
        """Whether it ended by itself with status 0."""
        return self.code == 0

    def describe(self) -> str:
        """As in `exit code 3` or `killed by SIGKILL`."""
        if self.signal is None:
            return f"exit code {self.code}"
        return f"killed by {_signal_name(self.signal)}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
