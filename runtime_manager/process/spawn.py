"""Starts one program in a session and group of its own, and waits for its end.

Popen with a pidfd: a spawn costs well under a millisecond (vfork, no preexec_fn), and the exit is
seen by the loop without a signal handler or a thread. Only the pid asked for is ever reaped.
"""

from __future__ import annotations

import asyncio
import os
import resource
import shlex
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from runtime_manager.errors import SpawnError
from runtime_manager.process import tree
from runtime_manager.process.exit_status import ExitStatus
from runtime_manager.process.exit_watch import watch_exit
from runtime_manager.process.spawn_failure import must_run, spawn_error


@dataclass(frozen=True, slots=True)
class Rlimits:
    """What the kernel holds one process to (getrlimit(2)); None: as the daemon has it."""

    data_bytes: int | None = None
    open_files: int | None = None


@dataclass(frozen=True, slots=True)
class Launch:
    """One program to start; `argv[0]` is its path. `listener` is passed on as file descriptor 3.

    `cgroup` is a cgroup's folder that the program is in from its first instruction on.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    rlimits: Rlimits = field(default_factory=Rlimits)
    listener: socket.socket | None = None
    has_stdin_pipe: bool = False
    cgroup: Path | None = None


class Child:
    """A started process. Its `stdout` and `stderr` pipes are for the taker to close.

    Made by `spawn` in a running loop. `wait` must be awaited by somebody: it reaps.
    """

    def __init__(self, popen: subprocess.Popen[bytes]) -> None:
        self._popen = popen
        self.pid = popen.pid
        self.started_at = tree.started_at(popen.pid) or 0.0
        self._status: asyncio.Future[ExitStatus] = asyncio.get_running_loop().create_future()
        watch_exit(popen.pid, self._reap)

    @property
    def is_alive(self) -> bool:
        """Whether it has not been reaped; its pid is its own until then."""
        return self._popen.returncode is None

    @property
    def stdout(self) -> int:
        """The read end of its standard output."""
        return _fileno(self._popen.stdout)

    @property
    def stderr(self) -> int:
        """The read end of its standard error."""
        return _fileno(self._popen.stderr)

    async def wait(self) -> ExitStatus:
        """How it ended, once it has and is reaped. May be awaited by many, and cancelled."""
        return await asyncio.shield(self._status)

    def signal_group(self, number: int) -> bool:
        """Send a signal to its process group; False where it is reaped, and nothing is sent."""
        if not self.is_alive:
            return False
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            return False
        return True

    def close_stdin(self) -> None:
        """Close the pipe to its standard input, if it has one; safe to call twice."""
        if self._popen.stdin is not None:
            self._popen.stdin.close()

    def close_output(self) -> None:
        """Close the read ends of its output; safe to call twice."""
        for pipe in (self._popen.stdout, self._popen.stderr):
            if pipe is not None:
                pipe.close()

    def _reap(self) -> None:
        returncode = self._popen.wait()
        self.close_stdin()
        if not self._status.done():
            self._status.set_result(ExitStatus.from_returncode(returncode))


def _fileno(pipe: IO[bytes] | None) -> int:
    if pipe is None:
        raise ValueError("started without a pipe for its output")
    return pipe.fileno()


def spawn(launch: Launch) -> Child:
    """Start `launch`. Raises SpawnError, permanent where trying again cannot help."""
    if launch.listener is not None and launch.has_stdin_pipe:
        raise SpawnError(
            "listen: fd does not go with stop.close_stdin", is_permanent=True, kind="bad-manifest"
        )
    _check_rlimits(launch.rlimits)
    try:
        popen = _popen(launch)
    except (OSError, ValueError) as exc:
        raise spawn_error(exc, Path(launch.argv[0]), cwd=launch.cwd) from exc
    return _watched(popen)


def _watched(popen: subprocess.Popen[bytes]) -> Child:
    """The child; one whose end could not be seen is ended at once."""
    try:
        return Child(popen)
    except (OSError, RuntimeError) as exc:
        popen.kill()
        for pipe in (popen.stdin, popen.stdout, popen.stderr):
            if pipe is not None:
                pipe.close()
        popen.wait()
        raise SpawnError(
            f"its end could not be watched: {exc}",
            is_permanent=False,
            is_scarcity=True,
            kind="no-processes",
            hint="see ulimit -u and ulimit -n",
        ) from exc


def _popen(launch: Launch) -> subprocess.Popen[bytes]:
    argv = _argv(launch)
    if argv is not launch.argv:
        must_run(Path(launch.argv[0]))
    return subprocess.Popen(
        argv,
        env=dict(launch.env),
        cwd=launch.cwd,
        stdin=_stdin(launch),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        start_new_session=True,
    )


def _check_rlimits(rlimits: Rlimits) -> None:
    """Refuse what is above our own hard limits: nobody but root may raise those (getrlimit(2))."""
    for name, wanted, number in (
        ("open_files", rlimits.open_files, resource.RLIMIT_NOFILE),
        ("memory", rlimits.data_bytes, resource.RLIMIT_DATA),
    ):
        hard = resource.getrlimit(number)[1]
        if wanted is not None and hard != resource.RLIM_INFINITY and wanted > hard:
            raise SpawnError(
                f"limits.{name} is {wanted}, and the daemon itself may have no more than {hard}",
                is_permanent=True,
                hint="lower it, or raise the daemon's own limit",
                kind="limit-refused",
            )


def _stdin(launch: Launch) -> int:
    """The listener travels as standard input, from where the shell moves it to descriptor 3.

    It is made to block: an earlier program may have changed that for all who share it (fcntl(2)).
    """
    if launch.listener is not None:
        os.set_blocking(launch.listener.fileno(), True)
        return launch.listener.fileno()
    return subprocess.PIPE if launch.has_stdin_pipe else subprocess.DEVNULL


def _argv(launch: Launch) -> tuple[str, ...]:
    """The program's own words, behind a shell that sets limits and moves the listener to 3.

    A child's pid is not known before the fork, and LISTEN_PID must be it (sd_listen_fds(3));
    `exec` keeps the pid. 0 is who writes it (cgroups(7)).
    """
    steps = []
    if launch.cgroup is not None:
        steps.append(f"echo 0 > {shlex.quote(str(launch.cgroup / 'cgroup.procs'))}")
    if launch.rlimits.open_files is not None:
        steps.append(f"ulimit -n {launch.rlimits.open_files}")
    if launch.rlimits.data_bytes is not None:
        steps.append(f"ulimit -d {max(1, launch.rlimits.data_bytes // 1024)}")
    if launch.listener is not None:
        steps.append('LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3<&0 </dev/null')
    elif steps:
        steps.append('exec "$@"')
    if not steps:
        return launch.argv
    return ("/bin/sh", "-c", " && ".join(steps), launch.argv[0], *launch.argv)
