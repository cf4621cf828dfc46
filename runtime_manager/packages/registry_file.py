"""`registry.yaml` on disk: read whole, changed under a lock, replaced by rename.

A crash at any moment leaves the old file or the new one. A file that cannot be read is copied
aside and never written over. All of it blocks, for milliseconds or until the lock is free.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from runtime_manager.clock import Clock, SystemClock
from runtime_manager.errors import RegistryError
from runtime_manager.model.registry import Registry, format_registry, parse_registry

_POLL_S = 0.02


class RegistryFile:
    """One registry file; holds nothing open between calls. Any number of processes may use it."""

    def __init__(
        self, path: Path, *, lock_timeout_s: float = 10.0, clock: Clock | None = None
    ) -> None:
        self._path = path
        self._lock_timeout_s = lock_timeout_s
        self._clock = clock or SystemClock()

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
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._locked():
                before = self.read()
                after = change(before)
                if after != before:
                    self._replace(format_registry(after))
                return after
        except OSError as exc:
            raise RegistryError(
                f"{self._path} cannot be written: {exc.strerror}",
                hint="see the folder's permissions and the free space of the disk",
            ) from exc

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold flock(2) on a file beside ours: ours is replaced, so a lock on it would be lost."""
        lock = os.open(self._beside(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._wait_for(lock)
            yield
        finally:
            os.close(lock)

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

    def _replace(self, text: str) -> None:
        target = self._path.resolve()
        self._remove_leftovers(target)
        handle, staged = tempfile.mkstemp(
            dir=target.parent, prefix=f".{target.name}.", suffix=".new"
        )
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fchmod(handle, target.stat().st_mode & 0o777 if target.exists() else 0o644)
                os.fsync(handle)
            Path(staged).replace(target)
        except BaseException:
            Path(staged).unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)

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


def _sync_folder(folder: Path) -> None:
    """Make a rename last (fsync(2): the entry in the folder needs a sync of its own)."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
