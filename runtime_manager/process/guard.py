"""The daemon's side of the guard: start it, tell it of groups, start another when it dies."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import structlog

from runtime_manager.errors import DaemonError
from runtime_manager.process import guard_main, tree
from runtime_manager.process.spawn import Child

_log = structlog.get_logger()
GUARD_OF = "guard-of/"
"""Marks a guard: the next daemon of the home waits until an earlier one's has done its work."""
_AGAIN_S, _SLOWEST_AGAIN_S = 0.2, 10.0
_FAREWELL_S = 5.0


class Guard:
    """A guard process, and another whenever it is lost. Made by `start`; `close` says goodbye."""

    def __init__(self, home_id: str, cgroups: Path | None = None) -> None:
        self._home_id = home_id
        self._cgroups = cgroups
        self._registered: dict[int, float] = {}
        self._pipe = -1
        self._child = self._spawn()
        self._keeper = asyncio.get_running_loop().create_task(self._keep(), name="guard")

    @classmethod
    async def start(cls, home_id: str, *, cgroups: Path | None = None) -> Guard:
        """Start the guard of one home. Raises DaemonError where no process can be had.

        `cgroups` is the folder in which its providers' cgroups are.
        """
        return cls(home_id, cgroups)

    @property
    def pid(self) -> int:
        """The guard process there is now."""
        return self._child.pid

    def add(self, pid: int, started_at: float) -> None:
        """From now on end the group of `pid` when the daemon dies."""
        self._registered[pid] = started_at
        self._say(f"+{pid} {started_at:.0f}")

    def remove(self, pid: int) -> None:
        """The group of `pid` has been swept."""
        if self._registered.pop(pid, None) is not None:
            self._say(f"-{pid}")

    async def close(self) -> None:
        """Send it away and reap it. What is still registered it ends, as if we had died."""
        self._keeper.cancel()
        await asyncio.gather(self._keeper, return_exceptions=True)
        if not self._registered:
            self._say("quit")
        self._hang_up()
        try:
            async with asyncio.timeout(_FAREWELL_S):
                await self._child.wait()
        except TimeoutError:
            self._child.signal_group(signal.SIGKILL)
            await self._child.wait()

    async def _keep(self) -> None:
        """Start another guard whenever the one there is ends: nobody asked it to."""
        while True:
            status = await self._child.wait()
            _log.warning("guard.lost", pid=self._child.pid, status=status.describe())
            self._hang_up()
            again_s = _AGAIN_S
            while not self._replaced(again_in_s=again_s):
                await asyncio.sleep(again_s)
                again_s = min(again_s * 2, _SLOWEST_AGAIN_S)
            _log.info("guard.replaced", pid=self._child.pid)

    def _replaced(self, *, again_in_s: float) -> bool:
        try:
            self._child = self._spawn()
        except DaemonError as exc:
            _log.error("guard.not_started", error=str(exc), again_in_s=again_in_s)
            return False
        for pid, started_at in self._registered.items():
            self._say(f"+{pid} {started_at:.0f}")
        return True

    def _spawn(self) -> Child:
        """Start the process, with the read end of a new pipe; only we hold its write end."""
        try:
            read_end, self._pipe = os.pipe()
        except OSError as exc:
            raise DaemonError(f"the guard could not be started: {exc.strerror}") from exc
        try:
            popen = subprocess.Popen(
                [sys.executable, "-I", "-S", guard_main.__file__, self._home_id, *self._folders()],
                stdin=read_end,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={tree.MARKER: f"{GUARD_OF}{self._home_id}"},
                cwd="/",
                start_new_session=True,
            )
        except OSError as exc:
            self._hang_up()
            raise DaemonError(f"the guard could not be started: {exc.strerror}") from exc
        finally:
            os.close(read_end)
        os.set_blocking(self._pipe, False)
        return Child(popen)

    def _folders(self) -> list[str]:
        return [] if self._cgroups is None else [str(self._cgroups)]

    def _say(self, line: str) -> None:
        """A line is far below PIPE_BUF, so it goes whole or not at all (pipe(7)).

        A guard that does not listen is ended: the next one is told everything.
        """
        if self._pipe < 0:
            return
        try:
            os.write(self._pipe, f"{line}\n".encode())
        except OSError as exc:
            _log.warning("guard.deaf", line=line, error=exc.strerror)
            self._hang_up()
            self._child.signal_group(signal.SIGKILL)

    def _hang_up(self) -> None:
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1
