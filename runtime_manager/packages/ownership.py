"""Lets root change a home that is another user's: what it has made there is given to that user.

So it is with a system service, whose user has no login: `rtm install` is called by root, and the
daemon must be able to read, and to change, all that it leaves.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from runtime_manager.model.home import Home
from runtime_manager.packages.disk import disk_trouble


def hand_to_owner(home: Home) -> None:
    """Give the home's owner what of packages and registry is root's; only root does anything.

    Folders are gone through by descriptor, and files with further names are left alone: the owner
    may be at work there too, and must not get by this what lies elsewhere. Raises PackageError.
    """
    if os.geteuid() != 0:
        return
    with disk_trouble(f"{home.root} cannot be given to its owner"):
        owner = home.root.stat()
        for top in (home.packages, home.providers) if owner.st_uid != 0 else ():
            if top.is_dir() and not top.is_symlink():
                _hand_over(top, owner)


def _hand_over(top: Path, owner: os.stat_result) -> None:
    for _, folders, files, handle in os.fwalk(top, follow_symlinks=False):
        if os.fstat(handle).st_uid == 0:
            os.fchown(handle, owner.st_uid, owner.st_gid)
        for name in (*folders, *files):
            with suppress(FileNotFoundError):  # of another change, which is at its end
                _give(name, handle, owner)


def _give(name: str, folder: int, owner: os.stat_result) -> None:
    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    is_one = stat.S_ISLNK(found.st_mode) or found.st_nlink == 1
    if found.st_uid == 0 and not stat.S_ISDIR(found.st_mode) and is_one:
        os.chown(name, owner.st_uid, owner.st_gid, dir_fd=folder, follow_symlinks=False)
