"""The one timer of an instance: arming it anew forgets the one before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Alarm:
    """Calls back once, in the running loop; `cancel` is safe at any time."""

    def __init__(self) -> None:
        self._handle: asyncio.TimerHandle | None = None

    def arm(self, seconds: float, ring: Callable[[], None]) -> None:
        """Call `ring` after `seconds`, instead of whatever was armed."""
        self.cancel()
        self._handle = asyncio.get_running_loop().call_later(seconds, ring)

    def cancel(self) -> None:
        """Forget what was armed."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
