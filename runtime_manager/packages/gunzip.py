"""A gzip file as a stream of bytes, hashed on the way; a thread reads ahead.

Inflating and hashing let go of the interpreter's lock, so that the caller writes files meanwhile.
"""

from __future__ import annotations

import hashlib
import queue
import threading
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Self

from runtime_manager.errors import PackageError
from runtime_manager.packages.limits import Limits

_READ_BYTES = 1 << 18
_CHUNK_BYTES = 1 << 20
_AHEAD = 8
_GZIP = 31
"""zlib's window bits for a gzip header and trailer, whose checksum and length it checks."""


class Gunzip:
    """Use as a context manager: leaving it ends the thread. Reads `file` to its end."""

    def __init__(self, file: BinaryIO, *, limits: Limits) -> None:
        self._file = file
        self._limits = limits
        self._hash = hashlib.sha256()
        self._chunks: queue.Queue[bytes | Exception | None] = queue.Queue(_AHEAD)
        self._chunk = memoryview(b"")
        self._is_abandoned = False
        self._is_at_end = False
        self._thread = threading.Thread(target=self._run, name="gunzip", daemon=True)
        self.taken_bytes = 0
        """How much of the archive has been read."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._is_abandoned = True
        while not self._is_at_end:
            self._next()
        self._thread.join()

    @property
    def sha256(self) -> str:
        """The hash of all that was read; of the whole file once the stream has ended."""
        return self._hash.hexdigest()

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes, or nothing at the end; raises PackageError in between."""
        parts = [bytes(part) for part in self._parts(size)]
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        if data and len(data) < size:
            raise truncated()
        return data

    def pieces(self, size: int) -> Iterator[memoryview]:
        """The next `size` bytes in pieces; raises PackageError where the stream ends before."""
        for part in self._parts(size):
            size -= len(part)
            yield part
        if size:
            raise truncated()

    def _parts(self, size: int) -> Iterator[memoryview]:
        while size > 0:
            if not self._chunk:
                item = self._next()
                if isinstance(item, Exception):
                    raise item
                if item is None:
                    return
                self._chunk = memoryview(item)
            part, self._chunk = self._chunk[:size], self._chunk[size:]
            size -= len(part)
            yield part

    def _next(self) -> bytes | Exception | None:
        if self._is_at_end:
            return None
        item = self._chunks.get()
        self._is_at_end = not isinstance(item, bytes)
        return item

    def _run(self) -> None:
        try:
            self._inflate()
        except (PackageError, OSError) as exc:
            self._chunks.put(exc)
        except zlib.error:
            self._chunks.put(_damaged())
        else:
            self._chunks.put(None)

    def _inflate(self) -> None:
        member, unpacked = zlib.decompressobj(_GZIP), 0
        while (data := self._file.read(_READ_BYTES)) and not self._is_abandoned:
            self._hash.update(data)
            self.taken_bytes += len(data)
            while data and not self._is_abandoned:
                if member.eof:
                    if data[:1] != b"\x1f":
                        raise _damaged()
                    member = zlib.decompressobj(_GZIP)
                chunk = member.decompress(data, _CHUNK_BYTES)
                data = member.unused_data if member.eof else member.unconsumed_tail
                unpacked += len(chunk)
                self._limits.check_size(unpacked, self.taken_bytes)
                if chunk:
                    self._chunks.put(chunk)
        if not member.eof and not self._is_abandoned:
            raise truncated()


def truncated() -> PackageError:
    """The error for an archive that ends too early."""
    return PackageError(
        "the archive is not whole: it ends in the middle",
        hint="fetch it again",
        kind="truncated",
    )


def _damaged() -> PackageError:
    return PackageError(
        "the archive is damaged: its data cannot be decompressed",
        hint="fetch it again",
        kind="damaged",
    )
