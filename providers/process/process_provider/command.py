"""One command in a session and group of its own, from its start to its end.

One thread per command reads what it writes and sees it end. A signal only goes out while the
process is not reaped, so that it reaches no stranger with a reused pid.
"""

from __future__ import annotations

import os
import select
import selectors
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from .lines import Lines
from .orders import Order
from .refused import RefusedError, not_running
from .ring import Ring
from .spawning import spawn

INPUT_TIMEOUT_S = 2.0
_READ_BYTES = 65536
_LAST_READS = 32  # what a pipe holds, and more: one who left the group may go on writing
_POLL_S = 0.1  # where there is no pidfd


class Command:
    """A started command. `ended` is told once, in its own thread, after its last output.

    Raises RefusedError where it cannot be started.
    """

    def __init__(
        self,
        command_id: str,
        order: Order,
        *,
        folder: Path,
        env: Mapping[str, str],
        output: Ring,
        ended: Callable[[Command], None],
    ) -> None:
        self.id = command_id
        self.output = output
        self._order = order
        self._folder = folder
        self._tell_end = ended
        self._popen = spawn(order, folder, env)
        self._started_at = _now()
        self._ended_at: str | None = None
        self._lock = threading.Lock()
        self._input_lock = threading.Lock()
        self._over = threading.Event()
        threading.Thread(target=self._watch, name=f"watch {self.id}", daemon=True).start()

    @property
    def is_running(self) -> bool:
        """Whether its end has not been told yet."""
        return self._ended_at is None

    @property
    def end_name(self) -> str:
        """The event that tells its end."""
        return f"process.{self.picture()['status']}"

    def picture(self) -> dict[str, object]:
        """It as JSON tells it, at this moment."""
        ended_at = self._ended_at
        code = self._popen.returncode if ended_at else None
        signum = -code if code is not None and code < 0 else None
        return {
            "id": self.id,
            "command": self._order.command,
            "args": list(self._order.args),
            "dir": str(self._folder),
            "pid": self._popen.pid,
            "status": "running" if code is None else "exited" if signum is None else "killed",
            "running": code is None,
            "exitCode": code if signum is None else None,
            "signal": _signal_name(signum) if signum is not None else None,
            "startedAt": self._started_at,
            "endedAt": ended_at,
        }

    def signal(self, number: int) -> None:
        """Send a signal to its whole group; raises RefusedError when it has ended."""
        with self._lock:
            if self._popen.returncode is not None:
                raise not_running(self.id)
            with suppress(ProcessLookupError, PermissionError):  # all of it has just ended
                os.killpg(self._popen.pid, number)

    def write(self, data: bytes) -> None:
        """Write to its standard input; raises RefusedError when it does not take it in time."""
        deadline = time.monotonic() + INPUT_TIMEOUT_S
        with self._input_lock:
            stdin = self._open_stdin()
            poll = select.poll()
            poll.register(stdin, select.POLLOUT)
            total = len(data)
            while data:
                if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                    taken = total - len(data)
                    raise RefusedError(
                        409,
                        "input-not-read",
                        f"{self.id} took {taken} of {total} bytes and reads no more",
                    )
                data = data[self._write_some(stdin, data) :]

    def close_stdin(self) -> None:
        """End its standard input; it may have ended already."""
        with self._input_lock:
            if not self.is_running:
                raise not_running(self.id)
            _close(self._popen.stdin)

    def wait(self, *, timeout_s: float) -> bool:
        """Whether its end has been told within `timeout_s`."""
        return self._over.wait(timeout_s)

    def _open_stdin(self) -> int:
        if not self.is_running:
            raise not_running(self.id)
        stdin = self._popen.stdin
        if stdin is None or stdin.closed:
            raise RefusedError(409, "input-closed", f"the standard input of {self.id} is closed")
        return stdin.fileno()

    def _write_some(self, stdin: int, data: bytes) -> int:
        try:
            return os.write(stdin, data)
        except BlockingIOError:
            return 0
        except BrokenPipeError as error:
            detail = f"{self.id} has closed its standard input"
            raise RefusedError(409, "input-closed", detail) from error

    def _watch(self) -> None:
        with selectors.DefaultSelector() as selector:
            for name, pipe in (("stdout", self._popen.stdout), ("stderr", self._popen.stderr)):
                if pipe is not None:
                    selector.register(pipe, selectors.EVENT_READ, (name, Lines()))
            self._read_until_exit(selector)
            self._end_group()
            self._read_the_rest(selector)
        for pipe in (self._popen.stdout, self._popen.stderr):
            _close(pipe)
        with self._input_lock:
            _close(self._popen.stdin)
            self._ended_at = _now()
        self.output.close(self.end_name, **self.picture())
        self._tell_end(self)
        self._over.set()

    def _read_until_exit(self, selector: selectors.BaseSelector) -> None:
        pidfd = _pidfd(self._popen.pid)
        if pidfd is not None:
            selector.register(pidfd, selectors.EVENT_READ)
        try:
            while True:
                ready = [key for key, _ in selector.select(_POLL_S if pidfd is None else None)]
                for key in ready:
                    if key.data:
                        self._read(selector, key)
                if self._has_exited() if pidfd is None else any(key.fd == pidfd for key in ready):
                    return
        finally:
            if pidfd is not None:
                selector.unregister(pidfd)
                os.close(pidfd)

    def _has_exited(self) -> bool:
        with self._lock:
            return self._popen.poll() is not None

    def _end_group(self) -> None:
        """Kill what is left of its group, then reap it: until then its number is nobody else's."""
        with self._lock:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._popen.pid, signal.SIGKILL)
            self._popen.wait()

    def _read_the_rest(self, selector: selectors.BaseSelector) -> None:
        for _ in range(_LAST_READS):
            ready = [key for key, _ in selector.select(0)]
            if not ready:
                break
            for key in ready:
                self._read(selector, key)
        for key in tuple(selector.get_map().values()):
            self._finish(selector, key)

    def _read(self, selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
        data = os.read(key.fd, _READ_BYTES)
        if not data:
            self._finish(selector, key)
            return
        stream, lines = key.data
        self._tell(stream, lines.feed(data))

    def _finish(self, selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
        stream, lines = key.data
        self._tell(stream, lines.end())
        selector.unregister(key.fileobj)

    def _tell(self, stream: str, lines: list[str]) -> None:
        at = _now()
        for text in lines:
            self.output.append("process.output", at=at, stream=stream, text=text)


def _signal_name(number: int) -> str:
    """SIGTERM for 15; a real-time signal by its number."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):  # not Linux, or one older than 5.3
        return None


def _close(pipe: object) -> None:
    if pipe is not None:
        pipe.close()  # type: ignore[attr-defined]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
