"""What a provider prints: read as it comes, kept in a bounded ring, written to rotated files.

Neither the program nor the loop ever waits for it: pipes are read without blocking, files are
written by a thread, and what cannot be kept is counted and said.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime

from runtime_manager.clock import Clock
from runtime_manager.process.log_file import LogWriter, RotatedFile
from runtime_manager.process.spawn import Child

LINE_LIMIT = 16 * 1024
_CHUNK = 64 * 1024
_DRAIN_CHUNKS = 64
_FOLLOW_LIMIT = 5000
STDOUT, STDERR = "stdout", "stderr"


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line, without its end. `number` counts up over generations and streams; `at` is UTC."""

    number: int
    at: datetime
    stream: str
    generation: int
    text: str


class Output:
    """One provider's output over all its generations. `attach` a child; `detach` it when reaped."""

    def __init__(
        self, *, clock: Clock, writer: LogWriter, file: RotatedFile, ring_lines: int
    ) -> None:
        self._clock = clock
        self._writer = writer
        self._file = file
        self._ring: deque[LogLine] = deque(maxlen=ring_lines)
        self._number = 0
        self._pipes: dict[int, Pipe] = {}
        self._stirred: set[asyncio.Event] = set()
        self._dropped = 0
        self._is_closed = False

    def attach(
        self, child: Child, *, generation: int, hear: Callable[[str], None] | None = None
    ) -> None:
        """Read both streams of `child`; `hear` is called with each line of its stdout."""

        def keep(stream: str) -> Callable[[str], None]:
            def take(text: str) -> None:
                self._keep(text, stream=stream, generation=generation)
                if hear is not None and stream == STDOUT:
                    hear(text)

            return take

        for handle, stream in ((child.stdout, STDOUT), (child.stderr, STDERR)):
            self._pipes[handle] = Pipe(handle, keep(stream))

    def detach(self, child: Child) -> None:
        """Take what is still in the pipes of a reaped child, and close them.

        Bounded: a grandchild that holds a pipe open, and goes on writing, is not waited for.
        """
        for handle in (child.stdout, child.stderr):
            pipe = self._pipes.pop(handle, None)
            if pipe is not None:
                pipe.finish()
        child.close_output()

    def tail(
        self, count: int, *, stream: str | None = None, generation: int | None = None
    ) -> list[LogLine]:
        """The last `count` lines, oldest first, of one stream or generation where given."""
        found: list[LogLine] = []
        for line in reversed(self._ring):
            if len(found) >= count:
                break
            if stream in (None, line.stream) and generation in (None, line.generation):
                found.append(line)
        return found[::-1]

    async def follow(self, after: int) -> AsyncIterator[LogLine]:
        """The lines numbered above `after`, as they come; ends when the output is closed.

        A reader slower than the program misses the lines the ring has lost meanwhile.
        """
        stirred = asyncio.Event()
        self._stirred.add(stirred)
        try:
            while True:
                stirred.clear()
                for line in self._newer(after):
                    after = line.number
                    yield line
                if self._is_closed:
                    return
                if self._number <= after:
                    await stirred.wait()
        finally:
            self._stirred.discard(stirred)

    def close(self) -> None:
        """End every `follow`; children have been detached."""
        self._is_closed = True
        self._stir()

    def _newer(self, after: int) -> list[LogLine]:
        return self.tail(min(self._number - after, _FOLLOW_LIMIT)) if self._number > after else []

    def _keep(self, text: str, *, stream: str, generation: int) -> None:
        self._number += 1
        line = LogLine(self._number, self._clock.now(), stream, generation, text)
        self._ring.append(line)
        record = f"{line.at.isoformat(timespec='milliseconds')} {generation} {stream} {text}\n"
        if self._dropped:
            record = f"[{self._dropped} lines dropped: the disk is too slow]\n{record}"
        if self._writer.append(self._file, record.encode(errors="replace")):
            self._dropped = 0
        else:
            self._dropped += 1
        self._stir()

    def _stir(self) -> None:
        for stirred in self._stirred:
            stirred.set()


class Pipe:
    """The read end of one stream: bytes in, lines out."""

    def __init__(self, handle: int, take: Callable[[str], None]) -> None:
        self._handle = handle
        self._take = take
        self._rest = b""
        self._is_open = True
        os.set_blocking(handle, False)
        asyncio.get_running_loop().add_reader(handle, self._read)

    def finish(self) -> None:
        """Read what is there, give the last line even without an end, and read no more."""
        for _ in range(_DRAIN_CHUNKS):
            if not self._is_open or not self._read():
                break
        self._end()

    def _read(self) -> bool:
        """Read one chunk; whether there may be more."""
        try:
            data = os.read(self._handle, _CHUNK)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self._end()
            return False
        self._split(data)
        return True

    def _split(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._give(line.removesuffix(b"\r"))
        while len(self._rest) >= LINE_LIMIT:
            self._give(self._rest[:LINE_LIMIT])
            self._rest = self._rest[LINE_LIMIT:]

    def _give(self, line: bytes) -> None:
        for start in range(0, max(len(line), 1), LINE_LIMIT):
            self._take(line[start : start + LINE_LIMIT].decode(errors="replace"))

    def _end(self) -> None:
        if self._is_open:
            self._is_open = False
            asyncio.get_running_loop().remove_reader(self._handle)
            if self._rest:
                self._give(self._rest)
                self._rest = b""
