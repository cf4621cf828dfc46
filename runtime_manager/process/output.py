"""What a provider prints: read as it comes, kept in a bounded ring, written to rotated files.

Neither the program nor the loop ever waits for it: pipes are read without blocking, files are
written by a thread, and what cannot be kept is counted and said.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from runtime_manager.clock import Clock
from runtime_manager.process.log_file import LogWriter, RotatedFile
from runtime_manager.process.pipe import Pipe
from runtime_manager.process.spawn import Child

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
        self._pipes: dict[Child, tuple[Pipe, Pipe]] = {}
        self._stirred: set[asyncio.Event] = set()
        self._unwritten = 0
        self._trouble: str | None = None
        self._unwritten_told: Callable[[Path, str | None], None] | None = None
        self._is_closed = False

    def attach(
        self,
        child: Child,
        *,
        generation: int,
        hear: Callable[[str], None] | None = None,
        dropped: Callable[[str, int], None] | None = None,
        unwritten: Callable[[Path, str | None], None] | None = None,
    ) -> None:
        """Read both streams of `child`; `hear` is called with each line of its stdout.

        `dropped` is called with a stream and how many lines of it a flood has cost;
        `unwritten` with the log file and why it cannot be written, None once it can again.
        """
        self._mind_file(unwritten)

        def taken_from(stream: str) -> Callable[[list[str]], None]:
            def take(texts: list[str]) -> None:
                self._keep(texts, stream=stream, generation=generation)
                if hear is not None and stream == STDOUT:
                    for text in texts:
                        hear(text)

            return take

        def dropped_from(stream: str) -> Callable[[int], None]:
            return lambda count: dropped(stream, count) if dropped is not None else None

        self._pipes[child] = (
            Pipe(child.stdout, taken_from(STDOUT), dropped_from(STDOUT)),
            Pipe(child.stderr, taken_from(STDERR), dropped_from(STDERR)),
        )

    def detach(self, child: Child) -> None:
        """Take what is still in the pipes of a reaped child, and close them; safe to call twice."""
        for pipe in self._pipes.pop(child, ()):
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

        A reader slower than the program misses the lines the ring has lost meanwhile, and a line
        in their place says how many.
        """
        stirred = asyncio.Event()
        self._stirred.add(stirred)
        try:
            while True:
                stirred.clear()
                for line in self._newer(after):
                    after = line.number
                    yield line
                if self._number > after:
                    continue
                if self._is_closed:
                    return
                await stirred.wait()
        finally:
            self._stirred.discard(stirred)

    def close(self) -> None:
        """End every `follow`; children have been detached."""
        self._is_closed = True
        self._stir()

    def _mind_file(self, unwritten: Callable[[Path, str | None], None] | None) -> None:
        """Tell whether the file can be written, now and when that changes."""
        loop = asyncio.get_running_loop()

        def heard(trouble: str | None) -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._troubled, trouble)

        self._unwritten_told = unwritten
        if self._trouble is not None:
            self._troubled(self._trouble)
        self._writer.tell(self._file.path, heard)

    def _troubled(self, trouble: str | None) -> None:
        self._trouble = trouble
        if self._unwritten_told is not None:
            self._unwritten_told(self._file.path, trouble)

    def _newer(self, after: int) -> list[LogLine]:
        lines = self.tail(self._number - after)
        if not lines or lines[0].number == after + 1:
            return lines
        first = lines[0]
        text = f"[{first.number - 1 - after} lines are gone: read too late]"
        return [replace(first, number=first.number - 1, text=text), *lines]

    def _keep(self, texts: list[str], *, stream: str, generation: int) -> None:
        at = self._clock.now()
        for number, text in enumerate(texts, self._number + 1):
            self._ring.append(LogLine(number, at, stream, generation, text))
        self._number += len(texts)
        self._write(texts, f"{at.isoformat(timespec='milliseconds')} {generation} {stream}")
        self._stir()

    def _write(self, texts: list[str], head: str) -> None:
        record = "".join([f"{head} {text}\n" for text in texts])
        if self._unwritten:
            record = f"[{self._unwritten} lines not written: the disk is too slow]\n{record}"
        if self._writer.append(self._file, record.encode(errors="replace")):
            self._unwritten = 0
        else:
            self._unwritten += len(texts)

    def _stir(self) -> None:
        for stirred in self._stirred:
            stirred.set()
