"""What kept a program from starting, told so that a person can mend it (execve(2))."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

from runtime_manager.errors import SpawnError
from runtime_manager.process.scarcity import is_scarce

_PASSING = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ETXTBSY})
"""What another try may mend; every other error is permanent."""

_TOLD = {
    errno.ENOENT: ("binary-missing", "binary not found", "build or install it"),
    errno.ENOTDIR: ("binary-missing", "binary not found", "a part of its path is a file"),
    errno.ENOEXEC: (
        "wrong-format",
        "not a program this machine can run",
        "it is for another architecture, or a script without a first line such as #!/bin/sh",
    ),
    errno.E2BIG: ("words-too-long", "its arguments and environment are too long", "shorten them"),
    errno.EAGAIN: ("no-processes", "no more processes allowed", "see ulimit -u"),
    errno.ENOMEM: ("no-memory", "not enough memory to start it", ""),
    errno.EMFILE: ("no-descriptors", "too many open files", "raise ulimit -n for the daemon"),
    errno.ENFILE: ("no-descriptors", "too many open files", "the whole machine is at its limit"),
    errno.ETXTBSY: ("busy", "the program is being written", "it is tried again"),
}


def spawn_error(exc: OSError | ValueError, program: Path, *, cwd: Path) -> SpawnError:
    """The error of an attempt to start `program` in `cwd`."""
    if isinstance(exc, ValueError):  # a NUL in an argument, an = in a variable's name
        return SpawnError(f"{program}: {exc}", is_permanent=True, kind="bad-manifest")
    number = exc.errno or 0
    if exc.filename is not None and os.fspath(exc.filename) == os.fspath(cwd):
        text = f"its working folder {cwd} cannot be entered: {os.strerror(number)}"
        return SpawnError(text, is_permanent=True, kind="folder-missing")
    kind, told, hint = _story(number, program)
    return SpawnError(
        f"{program}: {told}",
        is_permanent=number not in _PASSING,
        is_scarcity=is_scarce(exc),
        hint=hint,
        kind=kind,
    )


def must_run(program: Path) -> None:
    """Raise the OSError that execve(2) would, as far as it can be foretold.

    For a program behind a shell, which would tell only exit code 126 or 127, and would take a file
    of no format it knows for a script of its own.
    """
    program.stat()
    if not program.is_file() or not os.access(program, os.X_OK):
        raise _error(errno.EACCES, program)
    head = _head(program)
    if head.startswith(b"#!") and not Path(_interpreter(head)).exists():
        raise _error(errno.ENOENT, program)
    if head and not _is_runnable(head):
        raise _error(errno.ENOEXEC, program)


def _error(number: int, program: Path) -> OSError:
    return OSError(number, os.strerror(number), str(program))


def _story(number: int, program: Path) -> tuple[str, str, str]:
    """Kind, message and hint."""
    if number == errno.ENOENT and program.exists():
        return ("interpreter-missing", *_interpreter_missing(_head(program)))
    if number == errno.EACCES:
        return ("not-executable", *_not_executable(program))
    return _TOLD.get(number, ("spawn-failed", os.strerror(number), ""))


def _interpreter_missing(head: bytes) -> tuple[str, str]:
    if not head.startswith(b"#!"):
        told = "the loader it was linked for is missing"
        return told, "it was built for another system or C library"
    told = f"its interpreter {_interpreter(head)} is missing"
    if head.partition(b"\n")[0].endswith(b"\r"):
        return told, "its first line ends in CR LF: save it with the line ends of Unix"
    return told, "install it, or correct the first line of the program"


def _not_executable(program: Path) -> tuple[str, str]:
    if program.is_dir():
        return "it is a folder", "name the program in it"
    if os.access(program, os.X_OK):
        return "it may not be executed", "see its interpreter, and if its disk is mounted noexec"
    return "not executable", "chmod +x it"


def _interpreter(head: bytes) -> str:
    """The path in a script's first line; the kernel takes a CR before its end as a part of it."""
    words = head[2:].partition(b"\n")[0].replace(b"\t", b" ").split(b" ")
    return os.fsdecode(next((word for word in words if word), b"")).replace("\r", "\\r")


def _head(program: Path) -> bytes:
    """The first bytes; none where it may be executed but not read."""
    try:
        with program.open("rb") as file:
            return file.read(256)
    except OSError:
        return b""


def _is_runnable(head: bytes) -> bool:
    """Whether the kernel knows the format; yes where that cannot be told."""
    if head.startswith(b"#!") or not sys.platform.startswith("linux") or _has_more_formats():
        return True
    ours = _head(Path(sys.executable))
    return head.startswith(b"\x7fELF") and (head[4:6], head[18:20]) == (ours[4:6], ours[18:20])


def _has_more_formats() -> bool:
    """Whether programs of other formats have been made known to the kernel (binfmt_misc)."""
    folder = Path("/proc/sys/fs/binfmt_misc")
    try:
        return any(entry.name not in ("register", "status") for entry in folder.iterdir())
    except OSError:
        return False
