"""Leads from the home to its `run` folder where that lies elsewhere, as under systemd.

Who knows only the home (`rtm --home /var/lib/runtime-manager`) finds the daemon by `<home>/run`,
and a second daemon that was given other folders meets the lock of the first. Standard library only.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

from runtime_manager.errors import AlreadyRunningError
from runtime_manager.model.home import Home


def lay(home: Home) -> None:
    """Make `<home>/run` a link to `run` where that lies elsewhere, and a folder where it does not.

    What an earlier daemon left at its place is removed. Raises AlreadyRunningError where one still
    holds it, OSError where it cannot be changed.
    """
    place, target = home.root / "run", home.run_folder
    if place.is_symlink():
        if target is not None and place.readlink() == target:
            return
        _must_be_free(home, place)
        place.unlink(missing_ok=True)
    elif target is not None and place.is_dir():
        _must_be_free(home, place)
        shutil.rmtree(place)
    if target is not None:
        place.symlink_to(target)


def lift(home: Home) -> None:
    """Remove the link again, if it is ours."""
    place = home.root / "run"
    if home.run_folder is not None and place.is_symlink() and place.readlink() == home.run_folder:
        place.unlink(missing_ok=True)


def _must_be_free(home: Home, folder: Path) -> None:
    """Raises AlreadyRunningError while somebody holds the lock in there."""
    try:
        lock = os.open(folder / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise AlreadyRunningError(f"a daemon already runs on {home.root}") from None
    finally:
        os.close(lock)
