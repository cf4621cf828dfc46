"""Files of logs: rotated, bounded, and never in anybody's way."""

from __future__ import annotations

import os
import time
from pathlib import Path
from queue import SimpleQueue

import pytest

from runtime_manager.process.log_file import LogWriter, RotatedFile


def write(file: RotatedFile, *records: bytes) -> None:
    writer = LogWriter()
    for record in records:
        assert writer.append(file, record)
    writer.close()


def kept(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_file_is_rotated_before_it_grows_too_large(tmp_path: Path) -> None:
    file = RotatedFile(tmp_path / "log", max_bytes=10, files=3)
    write(file, *(b"%d=====\n" % number for number in range(9)))
    assert kept(tmp_path) == {"log": b"8=====\n", "log.1": b"7=====\n", "log.2": b"6=====\n"}


def test_a_file_goes_on_where_it_was(tmp_path: Path) -> None:
    file = RotatedFile(tmp_path / "log", max_bytes=10, files=2)
    write(file, b"12345\n")
    write(file, b"678\n")
    write(file, b"9\n")
    assert kept(tmp_path) == {"log": b"9\n", "log.1": b"12345\n678\n"}


def test_one_file_alone_begins_anew(tmp_path: Path) -> None:
    file = RotatedFile(tmp_path / "log", max_bytes=10, files=1)
    write(file, b"12345\n", b"67890\n", b"abc\n")
    assert kept(tmp_path) == {"log": b"67890\nabc\n"}


def test_a_record_larger_than_a_file_is_kept_whole(tmp_path: Path) -> None:
    file = RotatedFile(tmp_path / "log", max_bytes=4, files=2)
    write(file, b"1234567890\n", b"x\n")
    assert kept(tmp_path) == {"log": b"x\n", "log.1": b"1234567890\n"}


def test_folders_and_files_are_made_for_us_alone(tmp_path: Path) -> None:
    write(RotatedFile(tmp_path / "a" / "log"), b"x\n")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "a" / "log").stat().st_mode & 0o777 == 0o600


def test_who_wants_to_know_is_told_why_a_file_cannot_be_written_and_when_it_can(
    tmp_path: Path,
) -> None:
    folder, told = tmp_path / "logs", SimpleQueue[str | None]()
    file, writer = RotatedFile(folder / "log"), LogWriter()
    folder.touch()
    writer.tell(file.path, told.put)
    writer.append(file, b"one\ntwo\n")
    assert told.get(timeout=10) == "File exists"
    folder.unlink()
    writer.append(file, b"three\n")
    assert told.get(timeout=10) is None
    writer.close()
    assert file.path.read_bytes() == b"[2 lines could not be written]\nthree\n"


def test_a_full_disk_loses_lines_and_says_so(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full (full(4))")
    (tmp_path / "log").symlink_to(full)
    file = RotatedFile(tmp_path / "log")
    writer = LogWriter()
    other = RotatedFile(tmp_path / "other")
    writer.append(file, b"one\ntwo\n")
    writer.append(other, b"well\n")
    _until_written(writer, other)
    (tmp_path / "log").unlink()
    writer.append(file, b"three\n")
    writer.close()
    assert (tmp_path / "log").read_bytes() == b"[2 lines could not be written]\nthree\n"
    assert (tmp_path / "other").read_bytes() == b"well\n"


def test_too_much_is_dropped_rather_than_queued(tmp_path: Path) -> None:
    """Here the disk is a pipe, that cannot be opened before somebody reads it (fifo(7))."""
    os.mkfifo(tmp_path / "slow")
    slow, quick = RotatedFile(tmp_path / "slow"), RotatedFile(tmp_path / "quick")
    writer = LogWriter()
    accepted = 0
    while writer.append(slow, b"x" * (1024 * 1024)):
        accepted += 1
        assert accepted < 100
    assert writer.append(quick, b"not held up by its size\n")
    reader = os.open(tmp_path / "slow", os.O_RDONLY)
    writer.close()
    os.close(reader)
    assert (tmp_path / "quick").read_bytes() == b"not held up by its size\n"


def _until_written(writer: LogWriter, file: RotatedFile) -> None:
    """The one thread takes records in order, so what was queued before is done with."""

    until = time.monotonic() + 10
    while not (file.path.exists() and file.path.read_bytes()):
        assert time.monotonic() < until
        time.sleep(0.005)
