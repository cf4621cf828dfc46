"""Log files, rotated by size; written by one thread for all, so that no disk holds us up."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_QUEUE_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class RotatedFile:
    """`path`, and `path.1` (the newest) to `path.<files - 1>` when it grew over `max_bytes`."""

    path: Path
    max_bytes: int = 10 * 1024 * 1024
    files: int = 5


class LogWriter:
    """Appends in a thread of its own. `append` never blocks; `close` writes what is queued."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[tuple[RotatedFile, bytes] | None] = queue.SimpleQueue()
        self._queued_bytes = 0
        self._lock = threading.Lock()
        self._open: dict[Path, BinaryIO] = {}
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    def append(self, file: RotatedFile, data: bytes) -> bool:
        """Queue `data`; False where too much is queued already, and it is dropped."""
        with self._lock:
            if self._queued_bytes > _QUEUE_BYTES:
                return False
            self._queued_bytes += len(data)
        self._queue.put((file, data))
        return True

    def close(self) -> None:
        """Write what is queued and end the thread; blocks for as long as that takes."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            file, data = item
            with self._lock:
                self._queued_bytes -= len(data)
            try:
                self._write(file, data)
            except OSError:
                self._forget(file.path)  # a full disk loses lines of a log, and nothing else
        for handle in self._open.values():
            handle.close()

    def _write(self, file: RotatedFile, data: bytes) -> None:
        handle = self._open.get(file.path)
        if handle is None:
            file.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = self._open[file.path] = file.path.open("ab", buffering=0)
        if handle.tell() + len(data) > file.max_bytes and handle.tell():
            self._forget(file.path)
            _rotate(file)
            handle = self._open[file.path] = file.path.open("ab", buffering=0)
        handle.write(data)

    def _forget(self, path: Path) -> None:
        handle = self._open.pop(path, None)
        if handle is not None:
            handle.close()


def _rotate(file: RotatedFile) -> None:
    """Shift each file to the next number; the last one is lost."""
    for number in range(file.files - 1, 0, -1):
        older = file.path.with_name(f"{file.path.name}.{number}")
        newer = file.path.with_name(f"{file.path.name}.{number - 1}") if number > 1 else file.path
        if newer.exists():
            newer.replace(older)
