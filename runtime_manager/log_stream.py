"""Where log lines go without ever holding anybody up: a thread writes, from a bounded queue.

Whoever started us may have stopped reading: a full pipe, a stopped terminal or a slow disk would
block the loop, and with it every provider. Standard library only.
"""

from __future__ import annotations

import os
import select
import threading
from collections import deque
from collections.abc import Callable

_MOST_BYTES = 256 * 1024
_LOOK_S = 0.2
_FAREWELL_S = 1.0


class LogStream:
    """Writes to the descriptor `handle`, which stays the caller's; `close` it.

    What does not fit or cannot be written is lost and counted. `recovered` is called with that
    number of lines, in the writing thread, as soon as a line has been written again.
    """

    def __init__(self, handle: int, *, recovered: Callable[[int], None]) -> None:
        self._handle = handle
        self._recovered = recovered
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._lost = 0
        self._is_closed = False
        self._stirred = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def write(self, text: str) -> int:
        """Queue whole lines; never blocks."""
        data = text.encode(errors="backslashreplace")
        with self._stirred:
            if self._is_closed or self._waiting_bytes + len(data) > _MOST_BYTES:
                self._lost += data.count(b"\n")
                return 0
            self._waiting.append(data)
            self._waiting_bytes += len(data)
            self._stirred.notify()
        return len(text)

    def flush(self) -> None:
        """Nothing: what is queued is on its way."""

    def fileno(self) -> int:
        """The descriptor."""
        return self._handle

    def isatty(self) -> bool:
        """Whether a person may be reading."""
        return os.isatty(self._handle)

    def close(self) -> None:
        """Write what is queued and end the thread; gives up after a second. Safe to call twice."""
        with self._stirred:
            self._is_closed = True
            self._stirred.notify()
        self._thread.join(_FAREWELL_S)

    def _run(self) -> None:
        while (data := self._next()) is not None:
            is_written = self._write(data)
            with self._stirred:
                self._waiting_bytes -= len(data)
                lost, self._lost = self._lost, 0 if is_written else self._lost
                if not is_written:
                    self._lost += data.count(b"\n")
            if is_written and lost:
                self._recovered(lost)

    def _next(self) -> bytes | None:
        """What to write next; None at the end."""
        with self._stirred:
            while not self._waiting:
                if self._is_closed:
                    return None
                self._stirred.wait()
            return self._waiting.popleft()

    def _write(self, data: bytes) -> bool:
        """Whether all of it went out. Not by a file object, whose lock would outlive us."""
        left = memoryview(data)
        try:
            while left:
                left = left[self._write_some(left) :]
        except OSError:
            return False
        return True

    def _write_some(self, data: memoryview) -> int:
        """Write, also where who started us has made the pipe one that does not block."""
        while True:
            try:
                return os.write(self._handle, data)
            except BlockingIOError:
                poll = select.poll()
                poll.register(self._handle, select.POLLOUT)
                if not poll.poll(_LOOK_S * 1000) and self._is_closed:
                    raise
