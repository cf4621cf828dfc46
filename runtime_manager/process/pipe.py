"""The read end of one stream of a program, read in small slices so that the loop stays free.

A flood is read as fast as it comes, since the program must not wait for us, but kept only as far as
the allowance goes; what is dropped is counted and said, and its last lines are kept.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from runtime_manager.process.lines import Allowance, Lines, Skipped

_SLICE = 8 * 1024
_FLOOD_SLICE = 64 * 1024
_DRAIN_SLICES = 256
_LAST_BYTES = 4 * 1024
_LAST_LINES = 40
_BREATH_S = 1.0
_LINE_COST = 64
_RATE = 1024 * 1024


class Pipe:
    """Gives the lines of `handle` to `take`, some at a time. `finish` it; the handle stays open.

    `dropped` is called with the number of lines that were not kept, when that is known.
    """

    def __init__(
        self, handle: int, take: Callable[[list[str]], None], dropped: Callable[[int], None]
    ) -> None:
        self._handle = handle
        self._take = take
        self._dropped = dropped
        self._loop = asyncio.get_running_loop()
        self._lines = Lines()
        self._allowance = Allowance(rate=_RATE, most=4 * _RATE)
        self._skipped = Skipped(last_bytes=_LAST_BYTES, last_lines=_LAST_LINES)
        self._flood: asyncio.TimerHandle | None = None
        self._is_open = True
        os.set_blocking(handle, False)
        self._loop.add_reader(handle, self._read)

    def finish(self) -> None:
        """Take what is still there, the last line even without an end, and read no more.

        Bounded: somebody else who holds the pipe open and goes on writing is not waited for.
        """
        for _ in range(_DRAIN_SLICES):
            if not self._is_open or not self._read():
                break
        self._end()

    def _read(self) -> bool:
        """Read one slice; whether there may be more."""
        try:
            data = os.read(self._handle, _FLOOD_SLICE if self._flood else _SLICE)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self._end()
        elif self._flood:
            self._skipped.add(data)
        else:
            self._keep(self._lines.feed(data), len(data))
        return bool(data)

    def _keep(self, lines: list[str], size: int) -> None:
        if lines:
            self._take(lines)
        if not self._allowance.spend(size + _LINE_COST * len(lines), at=self._loop.time()):
            self._flood = self._loop.call_later(_BREATH_S, self._breathe)

    def _breathe(self) -> None:
        """The flood has had its time: say what was dropped, and keep again."""
        if self._flood is not None:
            self._flood.cancel()
            self._flood = None
            if self._skipped.is_any:
                gone, last = self._skipped.give()
                self._take([*self._lines.end(), f"[{gone} lines dropped: too many at once]"])
                self._dropped(gone)
                self._keep(self._lines.feed(last), len(last))

    def _end(self) -> None:
        if self._is_open:
            self._is_open = False
            self._loop.remove_reader(self._handle)
            self._breathe()
            if self._flood is not None:
                self._flood.cancel()
            last = self._lines.end()
            if last:
                self._take(last)
