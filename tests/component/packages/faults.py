"""A disk that fails at its n-th step: the call that would have taken it is told so, or killed."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable
from enum import Enum
from pathlib import Path

from runtime_manager.packages.disk import Disk


class Fault(Enum):
    """What happens at a step, and whether the disk works again after it."""

    KILL = "SIGKILL"
    EIO = "EIO once"
    ENOSPC = "ENOSPC once"
    DEAD = "EIO from then on"
    FULL = "ENOSPC from then on"


class FaultyDisk(Disk):
    """Counts what changes the disk, and fails at step `at`, from 1; 0 only counts."""

    def __init__(self, at: int, fault: Fault) -> None:
        self.steps = 0
        self._at = at
        self._fault = fault

    @property
    def has_failed(self) -> bool:
        return 0 < self._at <= self.steps

    def create(self, path: str | Path, *, mode: int) -> int:
        self._step()
        return super().create(path, mode=mode)

    def write(self, handle: int, data: bytes | memoryview) -> None:
        self._step(lambda: os.write(handle, data[: len(data) // 2]))
        super().write(handle, data)

    def sync(self, handle: int) -> None:
        self._step()
        super().sync(handle)

    def sync_tree(self, folder: Path) -> None:
        self._step()
        super().sync_tree(folder)

    def make_folder(self, path: str | Path, *, mode: int = 0o755) -> None:
        self._step()
        super().make_folder(path, mode=mode)

    def link(self, path: str | Path, target: str) -> None:
        self._step()
        super().link(path, target)

    def rename(self, source: Path, target: Path) -> None:
        self._step()
        super().rename(source, target)

    def unlink(self, path: Path) -> None:
        if os.path.lexists(path):
            self._step(needs_room=False)
        super().unlink(path)

    def remove_tree(self, folder: Path) -> None:
        if os.path.lexists(folder):
            self.steps += 1
            if self._is_hit() and self._fault is Fault.KILL:
                os.kill(os.getpid(), signal.SIGKILL)
        super().remove_tree(folder)

    def _step(
        self, halfway: Callable[[], object] = lambda: None, *, needs_room: bool = True
    ) -> None:
        self.steps += 1
        if not self._is_hit():
            return
        if self._fault is Fault.KILL:
            halfway()
            os.kill(os.getpid(), signal.SIGKILL)
        if self._fault in (Fault.EIO, Fault.DEAD):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        if needs_room:
            halfway()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _is_hit(self) -> bool:
        if self._fault in (Fault.DEAD, Fault.FULL):
            return self.has_failed
        return self.steps == self._at
