"""Log files, rotated by size; written by one thread for all, so that no disk holds us up."""

from __future__ import annotations

import errno
import os
import queue
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_QUEUED_BYTES = 32 * 1024 * 1024
_QUEUED_BYTES_OF_ONE = 4 * 1024 * 1024
_FAREWELL_S = 5.0


@dataclass(frozen=True, slots=True)
class RotatedFile:
    """`path`, and `path.1` (the newest) to `path.<files - 1>` when it grew over `max_bytes`."""

    path: Path
    max_bytes: int = 10 * 1024 * 1024
    files: int = 5


class LogWriter:
    """Appends in a thread of its own. `append` never blocks; `close` writes what is queued.

    Who asks by `tell` hears, in that thread, why a file cannot be written, and None when it can.
    """

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[tuple[RotatedFile, bytes] | None] = queue.SimpleQueue()
        self._queued: Counter[Path] = Counter()
        self._queued_bytes = 0
        self._lock = threading.Lock()
        self._logs: dict[Path, _Log] = {}
        self._listeners: dict[Path, Callable[[str | None], None]] = {}
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    def append(self, file: RotatedFile, data: bytes) -> bool:
        """Queue `data`; False where too much is queued already, and it is dropped."""
        with self._lock:
            is_full = self._queued_bytes > _QUEUED_BYTES
            if is_full or self._queued[file.path] > _QUEUED_BYTES_OF_ONE:
                return False
            self._count(file.path, len(data))
        self._queue.put((file, data))
        return True

    def tell(self, path: Path, listener: Callable[[str | None], None]) -> None:
        """Have `listener` told, instead of an earlier one; it must not block."""
        self._listeners[path] = listener

    def close(self) -> None:
        """Write what is queued and end the thread; blocks for that long, or gives up after 5 s."""
        self._queue.put(None)
        self._thread.join(_FAREWELL_S)

    def _count(self, path: Path, size: int) -> None:
        self._queued[path] += size
        self._queued_bytes += size

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            file, data = item
            log = self._logs.setdefault(file.path, _Log())
            before = log.trouble
            log.append(file, data)
            listener = self._listeners.get(file.path)
            if listener is not None and log.trouble != before:
                listener(log.trouble)
            with self._lock:
                self._count(file.path, -len(data))
        for log in self._logs.values():
            log.close()


class _Log:
    """One file, kept open. A full disk loses lines of a log, which says so, and nothing else."""

    def __init__(self) -> None:
        self._handle: BinaryIO | None = None
        self._size = 0
        self._lost = 0
        self._is_torn = False
        self.trouble: str | None = None
        """Why the last lines could not be written, in the kernel's words."""

    def append(self, file: RotatedFile, data: bytes) -> None:
        try:
            if self._lost:
                end = "\n" if self._is_torn else ""
                self._write(file, f"{end}[{self._lost} lines could not be written]\n".encode())
                self._lost = 0
            self._write(file, data)
            self.trouble = None
        except OSError as exc:
            self.trouble = os.strerror(exc.errno or errno.EIO)
            self._lost += data.count(b"\n")
            self.close()

    def close(self) -> None:
        if self._handle is not None:
            self._handle.close()
            self._handle = None

    def _write(self, file: RotatedFile, data: bytes) -> None:
        handle = self._handle or self._open(file)
        if self._size and self._size + len(data) > file.max_bytes:
            self.close()
            _rotate(file)
            handle = self._open(file)
        left = memoryview(data)
        while left:
            left = left[handle.write(left) :]
            self._is_torn = bool(left)
        self._size += len(data)

    def _open(self, file: RotatedFile) -> BinaryIO:
        file.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = self._handle = open(  # noqa: SIM115  # kept open, see close
            file.path, "ab", buffering=0, opener=_private
        )
        self._size = handle.tell()
        return handle


def _private(path: str, flags: int) -> int:
    """Open for this user alone: what a program prints is nobody else's."""
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def _rotate(file: RotatedFile) -> None:
    """Shift each file to the next number; the last one is lost."""
    if file.files < 2:
        file.path.unlink(missing_ok=True)
    for number in range(file.files - 1, 0, -1):
        older = file.path.with_name(f"{file.path.name}.{number}")
        newer = file.path.with_name(f"{file.path.name}.{number - 1}") if number > 1 else file.path
        if newer.exists():
            newer.replace(older)
