"""Every command there is: the running ones, and the last of those that have ended."""

from __future__ import annotations

import secrets
import signal
import sys
import threading
import time
from collections.abc import Mapping

from .command import Command
from .orders import Order, folder_of
from .refused import RefusedError
from .ring import Ring
from .settings import Settings

MAX_OUTPUT_CHARS = 1024 * 1024
"""Of each command, besides the limit on lines."""


class Table:
    """Starts and remembers commands, and tells each change as a numbered entry of `changes`.

    Safe for threads. `close` ends everything.
    """

    def __init__(self, settings: Settings, *, env: Mapping[str, str]) -> None:
        self._settings = settings
        self._env = env
        self._commands: dict[str, Command] = {}
        self._lock = threading.RLock()
        self._is_closing = False
        self.changes = Ring(max_entries=200, max_chars=MAX_OUTPUT_CHARS)

    def start(self, order: Order) -> Command:
        """Start it; raises RefusedError where that is not possible."""
        folder = folder_of(order, self._settings.root)
        with self._lock:
            self._check_room()
            command = Command(
                secrets.token_hex(4),
                order,
                folder=folder,
                env=self._env,
                output=Ring(max_entries=self._settings.max_lines, max_chars=MAX_OUTPUT_CHARS),
                ended=self._ended,
            )
            self._commands[command.id] = command
            picture = command.picture()
            self.changes.append("process.started", **picture)
        _log(f"{command.id} started: {order.command}, pid {picture['pid']}")
        return command

    def get(self, command_id: str) -> Command:
        """The command of an id; raises RefusedError for an unknown one."""
        with self._lock:
            command = self._commands.get(command_id)
        if command is None:
            raise RefusedError(404, "unknown-process", "no process has this id, or it was removed")
        return command

    def pictures(self, *, has_ended_too: bool = True) -> list[dict[str, object]]:
        """All of them, oldest first."""
        return self.snapshot(has_ended_too=has_ended_too)[1]

    def snapshot(self, *, has_ended_too: bool = True) -> tuple[int, list[dict[str, object]]]:
        """The number of the last change, and how things stood after it."""
        with self._lock:
            commands = [c for c in self._commands.values() if c.is_running or has_ended_too]
            return self.changes.last, [command.picture() for command in commands]

    def remove(self, command_id: str) -> None:
        """Forget one that has ended; raises RefusedError for a running one."""
        with self._lock:
            if self.get(command_id).is_running:
                raise RefusedError(409, "still-running", f"{command_id} runs; end it first")
            self._forget(command_id)

    def close(self, *, grace_s: float) -> None:
        """End all: SIGTERM to their groups and, after `grace_s`, SIGKILL. Takes no new ones."""
        with self._lock:
            self._is_closing = True
            running = [command for command in self._commands.values() if command.is_running]
        for number in (signal.SIGTERM, signal.SIGCONT):  # a stopped one takes no SIGTERM
            _signal_all(running, number)
        deadline = time.monotonic() + grace_s
        for command in running:
            command.wait(timeout_s=max(0.0, deadline - time.monotonic()))
        left = [command for command in running if command.is_running]
        _signal_all(left, signal.SIGKILL)
        for command in left:
            command.wait(timeout_s=1.0)
        self.changes.close("process.closing")

    def _check_room(self) -> None:
        if self._is_closing:
            raise RefusedError(503, "stopping", "the provider is stopping")
        running = sum(command.is_running for command in self._commands.values())
        if running >= self._settings.max_running:
            detail = f"{running} commands run, and no more may; end one, or set PROCESS_MAX_RUNNING"
            raise RefusedError(429, "too-many", detail)

    def _ended(self, command: Command) -> None:
        with self._lock:
            picture = command.picture()
            self.changes.append(command.end_name, **picture)
            ended = [c.id for c in self._commands.values() if not c.is_running]
            for command_id in ended[: -self._settings.max_ended]:
                self._forget(command_id)
        how = picture["signal"] or f"exit code {picture['exitCode']}"
        _log(f"{command.id} ended: {how}")

    def _forget(self, command_id: str) -> None:
        del self._commands[command_id]
        self.changes.append("process.removed", id=command_id)


def _signal_all(commands: list[Command], number: int) -> None:
    for command in commands:
        try:
            command.signal(number)
        except RefusedError:
            continue  # it has ended


def _log(text: str) -> None:
    """To the log the daemon keeps; arguments may be secret, so none of them."""
    print(text, file=sys.stderr, flush=True)
