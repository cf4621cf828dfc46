"""Who waits for a change of a provider: told of each, by its code."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Watchers:
    """All who wait, for one supervisor; used from its loop alone."""

    def __init__(self) -> None:
        self._by_code: dict[str, set[asyncio.Event]] = {}

    def tell(self, code: str) -> None:
        """Something of `code` has changed."""
        for change in self._by_code.get(code, ()):
            change.set()

    @contextmanager
    def watching(self, code: str) -> Iterator[asyncio.Event]:
        """An event that is set at each change of `code`; whoever waits clears it."""
        change = asyncio.Event()
        watchers = self._by_code.setdefault(code, set())
        watchers.add(change)
        try:
            yield change
        finally:
            watchers.discard(change)

    async def until(self, code: str, holds: Callable[[], bool]) -> None:
        """Return once `holds`, which is asked now and after each change of `code`."""
        with self.watching(code) as change:
            while not holds():
                change.clear()
                await change.wait()
