"""Sees the end of a child without reaping it: by its pidfd, or by a thread where there is none."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable


def watch_exit(pid: int, ended: Callable[[], None]) -> None:
    """Call `ended` once in the running loop when the child `pid` has ended; it is not reaped."""
    try:
        by_pidfd(pid, ended)
    except (AttributeError, OSError):
        by_thread(pid, ended)


def by_pidfd(pid: int, ended: Callable[[], None]) -> None:
    """By pidfd_open(2). Raises AttributeError, OSError where there is no such thing."""
    loop = asyncio.get_running_loop()
    handle = os.pidfd_open(pid)

    def readable() -> None:
        loop.remove_reader(handle)
        os.close(handle)
        ended()

    loop.add_reader(handle, readable)


def by_thread(pid: int, ended: Callable[[], None]) -> threading.Thread:
    """By waitid(2) without reaping; a loop that is closed meanwhile is not told."""
    loop = asyncio.get_running_loop()

    def wait() -> None:
        with contextlib.suppress(ChildProcessError):
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(ended)

    thread = threading.Thread(target=wait, name=f"wait {pid}", daemon=True)
    thread.start()
    return thread
