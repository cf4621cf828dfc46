"""`registry.yaml` on disk: read whole, changed under a lock, replaced by rename.

A crash at any moment leaves the old file or the new one. A file that cannot be read is copied
aside and never written over. All of it blocks, for milliseconds or until the lock is free.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from runtime_manager.clock import Clock, SystemClock
from runtime_manager.errors import RegistryError
from runtime_manager.model.registry import Registry, format_registry, parse_registry
from runtime_manager.packages.disk import Disk, replace_file

_POLL_S = 0.02


class RegistryFile:
    """One registry file; holds nothing open between calls. Any number of processes may use it."""

    def __init__(
        self,
        path: Path,
        *,
        lock_timeout_s: float = 10.0,
        clock: Clock | None = None,
        disk: Disk | None = None,
    ) -> None:
        self._path = path
        self._lock_timeout_s = lock_timeout_s
        self._clock = clock or SystemClock()
        self._disk = disk or Disk()

    def read(self) -> Registry:
        """What is installed; empty where there is no file.

        Raises RegistryError where it cannot be read; it is then kept as `…broken-<time>` too, by
        the time of its last change, so that one broken file leaves one copy.
        """
        try:
            text = self._path.read_bytes()
        except FileNotFoundError:
            return Registry()
        except OSError as exc:
            raise RegistryError(
                f"{self._path} cannot be read: {exc.strerror}", hint="mend its permissions"
            ) from exc
        try:
            return parse_registry(text, file=str(self._path))
        except RegistryError as exc:
            kept = self._keep_aside()
            raise RegistryError(
                exc.message,
                hint=f"mend it, or remove it to begin anew; a copy is kept as {kept.name}",
                **exc.facts,
                kept=str(kept),
            ) from None

    def update(self, change: Callable[[Registry], Registry]) -> Registry:
        """Replace the registry by `change` of it, and return that; on disk when this returns.

        Other writers wait meanwhile. Raises RegistryError: unreadable, not writable, or the lock
        not free within `lock_timeout_s`; the file is then as it was.
        """
        try:
            with self.locked():
                before = self.read()
                after = change(before)
                if after != before:
                    self.write(after)
                return after
        except OSError as exc:
            raise RegistryError(
                f"{self._path} cannot be written: {exc.strerror}",
                hint="see the folder's permissions and the free space of the disk",
            ) from exc

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold flock(2) on a file beside ours: ours is replaced, so a lock on it would be lost.

        Raises OSError, and RegistryError where it is not free within `lock_timeout_s`.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(self._beside(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._wait_for(lock)
            yield
        finally:
            os.close(lock)

    def write(self, registry: Registry) -> None:
        """Put `registry` in the file's place; only while `locked`. Raises OSError."""
        target = self._path.resolve()
        self._remove_leftovers(target)
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
        replace_file(self._disk, target, format_registry(registry).encode(), mode=mode)

    def _wait_for(self, lock: int) -> None:
        deadline = self._clock.monotonic() + self._lock_timeout_s
        while True:
            try:
                return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if self._clock.monotonic() >= deadline:
                    raise RegistryError(
                        f"another process has held the lock of {self._path} for "
                        f"{self._lock_timeout_s:g} s",
                        hint="wait for the other installation to end",
                    ) from None
            time.sleep(_POLL_S)

    def _remove_leftovers(self, target: Path) -> None:
        """What a writer that was killed left behind; we hold the lock, so none is at work."""
        for staged in target.parent.glob(f".{target.name}.*.new"):
            with suppress(OSError):
                staged.unlink()

    def _keep_aside(self) -> Path:
        changed = datetime.fromtimestamp(self._path.stat().st_mtime, UTC)
        kept = self._beside(f".broken-{changed:%Y%m%dT%H%M%SZ}")
        if not kept.exists():
            with suppress(OSError):  # the error to come says more than a failed copy would
                shutil.copyfile(self._path, kept)
        return kept

    def _beside(self, suffix: str) -> Path:
        return self._path.with_name(self._path.name + suffix)
