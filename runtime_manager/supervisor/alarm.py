"""The one timer of an instance: arming it anew forgets the one before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from runtime_manager.clock import STOOD_STILL_S

_HEARING_S = 1.0


class Alarm:
    """Calls back once, in the running loop; `cancel` is safe at any time."""

    def __init__(self) -> None:
        self._handle: asyncio.TimerHandle | None = None

    def arm(self, seconds: float, ring: Callable[[], None], *, is_patient: bool = True) -> None:
        """Call `ring` after `seconds`, instead of whatever was armed.

        `is_patient`: where this process stood still when the time came, there is some more of it,
        once; an answer or an exit may have come that nobody has read yet.
        """
        self.cancel()
        loop = asyncio.get_running_loop()
        due = loop.time() + seconds

        def due_now() -> None:
            late_s = loop.time() - due
            if is_patient and late_s > STOOD_STILL_S:
                self._handle = loop.call_later(min(seconds, late_s + _HEARING_S), ring)
            else:
                ring()

        self._handle = loop.call_later(seconds, due_now)

    def cancel(self) -> None:
        """Forget what was armed."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
