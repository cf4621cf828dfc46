"""A log that nobody reads holds nobody up, and says afterwards what was lost."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from queue import SimpleQueue

import pytest

from runtime_manager.log_stream import LogStream

LINE = "x" * 1023 + "\n"
LINES = 1000
"""Far more than a pipe and the queue hold."""
SOON_S = 10.0


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def read_in_background(handle: int, until: bytes) -> threading.Thread:
    def read() -> None:
        seen = b""
        while until not in seen:
            seen = seen[-100:] + os.read(handle, 65536)

    thread = threading.Thread(target=read)
    thread.start()
    return thread


@pytest.mark.parametrize("is_blocking", [True, False])
def test_a_full_pipe_holds_nobody_up_and_tells_how_much_was_lost(
    pipe: tuple[int, int], is_blocking: bool
) -> None:
    reads, writes = pipe
    os.set_blocking(writes, is_blocking)
    told: SimpleQueue[int] = SimpleQueue()
    stream = LogStream(writes, recovered=told.put)
    kept = sum(stream.write(LINE) > 0 for _ in range(LINES))
    assert 0 < kept < LINES
    reader = read_in_background(reads, b"the end")
    assert told.get(timeout=SOON_S) == LINES - kept
    stream.write("the end\n")
    reader.join(SOON_S)
    assert not reader.is_alive()
    stream.close()


def test_what_is_queued_is_written_before_the_end(pipe: tuple[int, int]) -> None:
    reads, writes = pipe
    stream = LogStream(writes, recovered=lambda _: None)
    stream.write("one\n")
    stream.write("zwei ö\n")
    stream.close()
    assert os.read(reads, 100).decode() == "one\nzwei ö\n"
    assert stream.write("late\n") == 0


def test_a_reader_that_has_gone_is_no_error() -> None:
    reads, writes = os.pipe()
    os.close(reads)
    stream = LogStream(writes, recovered=lambda _: None)
    stream.write("one\n")
    stream.close()
    os.close(writes)


def test_the_end_does_not_wait_for_a_reader_that_never_reads() -> None:
    reads, writes = os.pipe()
    stream = LogStream(writes, recovered=lambda _: None)
    while stream.write(LINE):
        pass
    stream.close()
    os.close(reads)  # lets the thread go
    stream._thread.join(SOON_S)
    os.close(writes)
