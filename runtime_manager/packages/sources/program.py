"""Running git, pip and npm for a package: bounded, silent, and with their last words kept."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from runtime_manager.errors import PackageError
from runtime_manager.packages.progress import Progress

_POLL_S = 0.2
_LAST_WORDS_BYTES = 4000


def find_program(name: str, *, hint: str) -> str:
    """Where a program is. Raises PackageError where it is not on PATH."""
    found = shutil.which(name)
    if found is None:
        raise PackageError(f"{name} is needed and is not on PATH", hint=hint, kind="no-program")
    return found


def run(
    words: Sequence[str],
    *,
    deed: str,
    environ: Mapping[str, str],
    timeout_s: float,
    progress: Progress,
    folder: Path | None = None,
    hint: str = "",
) -> str:
    """Run to the end and return what it printed; `progress` is told every now and then.

    It has no terminal and no input, in a session of its own, which ends with it. Raises
    PackageError with its last words where it fails, or takes more than `timeout_s`.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd=folder,
            env=dict(environ),
            start_new_session=True,
        )
        try:
            is_done = _wait(child, timeout_s=timeout_s, tell=lambda: progress("fetch", 0, None))
        finally:
            _end(child)
        if not is_done or child.returncode != 0:
            reason = _last_words(err) or _last_words(out) or f"exit code {child.returncode}"
            if not is_done:
                reason = f"it took longer than {timeout_s:g} s"
            raise PackageError(f"{deed}: {reason}", hint=hint, kind="fetch-failed")
        out.seek(0)
        return out.read().decode(errors="replace")


def without(environ: Mapping[str, str], *prefixes: str) -> dict[str, str]:
    """The environment without the variables that begin so, whatever their case."""
    lowered = tuple(prefix.lower() for prefix in prefixes)
    return {name: v for name, v in environ.items() if not name.lower().startswith(lowered)}


def _wait(child: subprocess.Popen[bytes], *, timeout_s: float, tell: Callable[[], None]) -> bool:
    for _ in range(max(1, int(timeout_s / _POLL_S))):
        try:
            child.wait(_POLL_S)
            return True
        except subprocess.TimeoutExpired:
            tell()
    return False


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill it and what it started, where it has not ended by itself: nothing goes on unseen."""
    if child.returncode is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _last_words(stream: BinaryIO) -> str:
    stream.seek(0, os.SEEK_END)
    stream.seek(max(0, stream.tell() - _LAST_WORDS_BYTES))
    lines = stream.read().decode(errors="replace").splitlines()
    words = [" ".join(line.split()) for line in lines if line.strip()]
    told = " / ".join(words[-3:])
    return "".join(c if c.isprintable() else "?" for c in told)
