"""What a daemon's life can be tied to: a parent's end of a pipe, or a process.

An IDE that dies says nothing; its pipe closes and its pid ends, which is all that is watched here.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable

import psutil

_POLL_S = 0.5


def when_stdin_ends(call: Callable[[], None]) -> None:
    """Call `call` in the running loop once standard input comes to its end.

    A thread reads it, since a file or a terminal cannot be watched by every loop; the thread does
    not hold up the process's end.
    """
    loop = asyncio.get_running_loop()

    def read() -> None:
        try:
            while os.read(0, 65536):
                pass
        except OSError:
            pass
        _call_soon(loop, call)

    threading.Thread(target=read, name="stdin", daemon=True).start()


def when_process_ends(pid: int, call: Callable[[], None]) -> Callable[[], None]:
    """Call `call` once process `pid` has ended; gives what stops watching."""
    loop = asyncio.get_running_loop()
    if hasattr(os, "pidfd_open"):
        return _by_pidfd(loop, pid, call)
    return _by_polling(loop, pid, call)


def _by_pidfd(
    loop: asyncio.AbstractEventLoop, pid: int, call: Callable[[], None]
) -> Callable[[], None]:
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        loop.call_soon(call)
        return lambda: None

    def stop() -> None:
        nonlocal handle
        if handle >= 0:
            loop.remove_reader(handle)
            os.close(handle)
            handle = -1

    def ended() -> None:
        stop()
        call()

    loop.add_reader(handle, ended)
    return stop


def _by_polling(
    loop: asyncio.AbstractEventLoop, pid: int, call: Callable[[], None]
) -> Callable[[], None]:
    async def poll() -> None:
        while psutil.pid_exists(pid):  # noqa: ASYNC110  # nothing tells, where there is no pidfd
            await asyncio.sleep(_POLL_S)
        call()

    return loop.create_task(poll()).cancel  # type: ignore[return-value]  # its bool is of no use


def _call_soon(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    try:
        loop.call_soon_threadsafe(call)
    except RuntimeError:
        return  # the loop has ended before its input did
