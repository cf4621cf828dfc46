"""Orphans of providers come to us, and are reaped one pid at a time.

Never waitpid(-1): that would take the exit status of a program that somebody waits for.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable

from runtime_manager.process import tree

_PR_SET_CHILD_SUBREAPER = 36  # prctl(2)
_PR_GET_CHILD_SUBREAPER = 37


def become_subreaper() -> bool:
    """Make orphaned descendants children of this process; False where there is no such thing."""
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


def is_subreaper() -> bool:
    """Whether orphaned descendants become children of this process."""
    if not sys.platform.startswith("linux"):
        return False
    answer = ctypes.c_int(0)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(answer), 0, 0, 0)
    return bool(answer.value)


class Orphans:
    """Reaps adopted children at each SIGCHLD; `has_waiter` tells the pids somebody waits for.

    Made in the main thread of a process whose every other child has a waiter; `close` gives
    SIGCHLD back.
    """

    def __init__(self, has_waiter: Callable[[int], bool]) -> None:
        self._has_waiter = has_waiter
        self._loop = asyncio.get_running_loop()
        self._is_stirred = False
        # uvloop keeps add_signal_handler(SIGCHLD) to itself, and we start nothing through it.
        self._before = signal.signal(signal.SIGCHLD, self._stirred)
        self._stir()  # those that ended before we listened

    def close(self) -> None:
        """Reap no more."""
        signal.signal(signal.SIGCHLD, self._before or signal.SIG_DFL)

    def _stirred(self, _number: int, _frame: object) -> None:
        if not self._loop.is_closed():
            self._stir()

    def _stir(self) -> None:
        """Look once, however many signals come until then."""
        if not self._is_stirred:
            self._is_stirred = True
            self._loop.call_soon_threadsafe(self._reap)

    def _reap(self) -> None:
        self._is_stirred = False
        for pid in tree.children(os.getpid()):
            if not self._has_waiter(pid):
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
