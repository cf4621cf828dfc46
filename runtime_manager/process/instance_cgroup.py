"""The cgroup of one generation: its limits, what it uses, and its end.

Files are those of the kernel's cgroup-v2 document. Nothing gets out of a cgroup by leaving its
session or its environment, so killing it sweeps all that a program has left.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PREFIX = "provider-"
_END_S = 1.0
_LOOK_S = 0.001


@dataclass(frozen=True, slots=True)
class CgroupUsage:
    """What a cgroup uses; None where its controller, or pressure, is not there.

    Pressures are percent of the last ten seconds in which something had to wait (the kernel's
    document on PSI).
    """

    memory_bytes: int | None
    memory_pressure: float | None
    cpu_pressure: float | None
    io_pressure: float | None


class InstanceCgroup:
    """One cgroup below the delegated one."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def make(self) -> None:
        """Make it, empty; one of that name is ended first. Raises OSError."""
        if self.path.exists():
            self.end()
        self.path.mkdir()

    def limit(self, files: Mapping[str, str]) -> None:
        """Write limits, by the names of their files. Raises OSError."""
        for name, value in files.items():
            (self.path / name).write_text(value)
        if "memory.max" in files:
            self._have_killed_whole()

    def _have_killed_whole(self) -> None:
        """Kill all of it for want of memory, not one process of it; and do not swap instead."""
        for name, value in (("memory.oom.group", "1"), ("memory.swap.max", "0")):
            with suppress(OSError):  # not there without swap accounting
                (self.path / name).write_text(value)

    @property
    def was_out_of_memory(self) -> bool:
        """Whether the kernel has killed something in it for want of memory."""
        return self._keyed("memory.events").get("oom_kill", 0) > 0

    def pids(self) -> set[int]:
        """Who is in it now."""
        return {int(word) for word in self._text("cgroup.procs").split()}

    def kill(self) -> None:
        """SIGKILL everything in it, at once where the kernel can (5.14)."""
        try:
            (self.path / "cgroup.kill").write_text("1")
        except OSError:
            for pid in self.pids():
                with suppress(OSError):
                    os.kill(pid, signal.SIGKILL)

    def sweep(self) -> set[int]:
        """Kill everything in it; the pids there were."""
        left = self.pids()
        if left:
            self.kill()
        return left

    def end(self) -> bool:
        """Kill everything in it and remove it; whether it is gone. Blocks for some milliseconds."""
        until = time.monotonic() + _END_S
        while self.path.exists():
            if self.pids():
                self.kill()
            for inner in sorted(self.path.glob("**/"), reverse=True):
                with suppress(OSError):  # a zombie in it is not reaped yet
                    inner.rmdir()
            if time.monotonic() > until:
                return False
            if self.path.exists():
                time.sleep(_LOOK_S)
        return True

    def usage(self) -> CgroupUsage:
        """What it uses now."""
        current = self._text("memory.current").strip()
        return CgroupUsage(
            memory_bytes=int(current) if current else None,
            memory_pressure=pressure_of(self._text("memory.pressure")),
            cpu_pressure=pressure_of(self._text("cpu.pressure")),
            io_pressure=pressure_of(self._text("io.pressure")),
        )

    def _keyed(self, name: str) -> dict[str, int]:
        pairs = (line.split() for line in self._text(name).splitlines())
        return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2}

    def _text(self, name: str) -> str:
        try:
            return (self.path / name).read_text()
        except OSError:
            return ""


def pressure_of(text: str) -> float | None:
    """The share of time in which some process waited, in percent of the last ten seconds."""
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["some"] and words[1].startswith("avg10="):
            return float(words[1].removeprefix("avg10="))
    return None
