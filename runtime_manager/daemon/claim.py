"""One daemon per home: the lock that says so, and the file that says where it is.

Standard library only: a second `serve` answers before anything heavy is imported.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import stat
from dataclasses import asdict, dataclass, field
from pathlib import Path

from runtime_manager.client.whereabouts import Whereabouts
from runtime_manager.daemon import run_link
from runtime_manager.daemon.credential import Credential
from runtime_manager.errors import AlreadyRunningError, DaemonError
from runtime_manager.model.home import Home

API_VERSION = 1


@dataclass(slots=True)
class Claim:
    """The lock on a home, held by an open file until `release` or the process's end.

    `given` is a token that an operator has chosen; without one, each claim makes its own.
    """

    home: Home
    given: Credential | None = None
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))
    session_key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    _own_token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    _lock: int = -1

    @property
    def token(self) -> str:
        """What a caller over HTTP must hold."""
        return self._own_token if self.given is None else self.given.token

    @property
    def token_file(self) -> Path:
        """Where callers find the token."""
        return self.home.token if self.given is None else self.given.file

    def take(self) -> None:
        """Take the lock. Raises AlreadyRunningError, DaemonError."""
        try:
            self._make_folders()
            lock = os.open(self.home.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            raise DaemonError(
                f"cannot write {exc.filename}: {exc.strerror}",
                hint="choose another home with --home, or mend its permissions",
            ) from exc
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise AlreadyRunningError(f"a daemon already runs on {self.home.root}") from None
        self._lock = lock
        _make_private(self.home.sockets)  # an earlier daemon may have taken it away just now

    @property
    def lock(self) -> int:
        """The open file that is the lock; -1 while it is not held."""
        return self._lock

    def inherit(self, lock: int, *, token: str, session_key: bytes) -> None:
        """Take an earlier daemon's lock over, which it still holds too, and what callers know."""
        self._lock, self._own_token, self.session_key = lock, token, session_key

    def forget(self) -> None:
        """Leave lock and files to who has inherited them."""
        os.close(self._lock)
        self._lock = -1

    def publish(self, whereabouts: Whereabouts) -> None:
        """Write the token, unless it was given, and `runtime.json`: each whole, for the owner."""
        if self.given is None:
            _write_private(self.home.token, self.token + "\n")
        _write_private(self.home.runtime_json, json.dumps(asdict(whereabouts), indent=2) + "\n")

    def release(self) -> None:
        """Remove what was published and let the lock go; safe to call twice."""
        if self._lock < 0:
            return
        for path in (self.home.runtime_json, self.home.token, self.home.api_socket):
            path.unlink(missing_ok=True)
        if self.home.sockets != self.home.run:
            with contextlib.suppress(OSError):  # a socket of somebody else's is in it
                self.home.sockets.rmdir()
        run_link.lift(self.home)
        os.close(self._lock)
        self._lock = -1

    def _make_folders(self) -> None:
        for folder in (self.home.root, self.home.providers):
            folder.mkdir(parents=True, exist_ok=True)
        run_link.lay(self.home)
        for private in {self.home.run, self.home.sockets}:
            _make_private(private)


def _make_private(folder: Path) -> None:
    """Make a folder for this user alone, or take one that is. Raises DaemonError, OSError.

    A short folder for sockets lies under /tmp, where anybody may have made the name before us.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise DaemonError(
            f"{folder} is a link, or another user's", hint="remove it, or choose a shorter home"
        )
    folder.chmod(0o700)


def _write_private(path: Path, text: str) -> None:
    """Write by rename, so that no reader sees half of it."""
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    staged.unlink(missing_ok=True)
    handle = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    staged.replace(path)
