"""Holds a lease on another process's daemon, over its socket, for as long as we are tied.

Each thing that can end it has a thread that waits for nothing else, and all report to one queue:
that needs no loop, and takes any kind of standard input. Standard library only.
"""

from __future__ import annotations

import os
import queue
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from runtime_manager.client.failures import NoDaemonError, ProblemError, code_of
from runtime_manager.client.socket_client import Exchange, SocketClient
from runtime_manager.client.sse import Message, messages
from runtime_manager.client.targets import REPLACED, hold_target
from runtime_manager.client.whereabouts import Whereabouts, read_whereabouts
from runtime_manager.daemon.early_signals import ENDING, EarlySignals
from runtime_manager.daemon.options import ServeOptions
from runtime_manager.errors import (
    DaemonEndingError,
    DaemonError,
    ProtocolError,
    RuntimeManagerError,
)
from runtime_manager.model.home import Home

_ANSWER_S = 60.0
_SUCCESSION_S = 120.0
_LOOK_S = 0.1
_POLL_S = 0.5
_STDIN, _PARENT, _SIGNAL, _ENDED, _LOST = "stdin", "parent", "signal", "ended", "lost"


class Hold:
    """A lease by an open connection, as long as that goes on; made by `take_hold`, `close` it."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._messages: Iterator[Message] = messages(exchange.lines())

    def begin(self) -> None:
        """Return once the lease is granted."""
        if next(self._messages, None) is None:
            raise ProtocolError("the daemon ended before it granted a lease")
        self._exchange.limit_wait(None)

    def end(self) -> tuple[str, str]:
        """Why the daemon ends, once it does; called in a thread of its own."""
        try:
            for message in self._messages:
                if message.name == _ENDED:
                    return _ENDED, str(message.data.get("reason"))
        except (RuntimeManagerError, OSError, ValueError) as error:
            return _LOST, str(error)
        return _LOST, "it ended without a word"

    def close(self) -> None:
        """Give the lease back."""
        self._exchange.close()


def take_hold(found: Whereabouts) -> Hold:
    """A lease of that daemon.

    Raises NoDaemonError, ProtocolError or DaemonEndingError where it is gone or about to be, and
    DaemonError where it grants none for another reason.
    """
    name = f"process {os.getpid()}"
    hold = Hold(SocketClient(found.socket).send("GET", hold_target(name), answer_s=_ANSWER_S))
    try:
        hold.begin()
    except ProblemError as error:
        hold.close()
        raise refusal(error, found) from error
    except RuntimeManagerError:
        hold.close()
        raise
    return hold


class Attachment:
    """What ties this process to a daemon that is not its own; takes over the ending signals."""

    def __init__(self, home: Home, options: ServeOptions, early: EarlySignals) -> None:
        self._home = home
        self._news: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
        self._ties: set[str] = set()
        for number in ENDING:
            signal.signal(number, self._signalled)
        if early.seen:
            self._news.put((_SIGNAL, early.seen))
        if options.exit_on_stdin_eof:
            self._tie(_STDIN, _read_stdin_to_its_end)
        if (pid := options.parent_pid) is not None:
            self._tie(_PARENT, lambda: _wait_for_end_of(pid))

    def last(self, hold: Hold | None) -> int:
        """Hold on until the last tie, or the daemon, ends; gives the exit code.

        A daemon that hands over is followed to its successor; None begins there. Raises
        DaemonError where the daemon, or its successor, is lost.
        """
        hold = hold or self._succeeding()
        while hold is not None:
            hold = self._succeeding() if self._held(hold) == REPLACED else None
        return 0

    def _signalled(self, number: int, _frame: object) -> None:
        self._news.put((_SIGNAL, signal.Signals(number).name))

    def _tie(self, name: str, wait: Callable[[], None]) -> None:
        def watch() -> None:
            wait()
            self._news.put((name, ""))

        self._ties.add(name)
        _in_thread(watch)

    def _held(self, hold: Hold) -> str:
        """Wait until there is nothing to hold any more; why the daemon ends, empty where we do."""
        _in_thread(lambda: self._news.put(hold.end()))
        try:
            while self._ties:
                what, reason = self._news.get()
                self._ties.discard(what)
                if what == _SIGNAL:
                    return ""
                if what == _ENDED:
                    return reason
                if what == _LOST:
                    raise DaemonError(
                        f"the daemon is lost: {reason}", hint="start another: rtm serve"
                    )
        finally:
            hold.close()
        return ""

    def _succeeding(self) -> Hold | None:
        """A lease of the daemon that takes the home over; None where it ends, or we are let go.

        The old one may hold the socket for a while yet, and says that it ends.
        """
        until = time.monotonic() + _SUCCESSION_S
        while time.monotonic() < until:
            found = read_whereabouts(self._home)
            if found is None:  # it has ended; what the old one has published stays until then
                return None
            with suppress(NoDaemonError, ProtocolError, DaemonEndingError):
                return take_hold(found)
            with suppress(queue.Empty):
                what, _ = self._news.get(timeout=_LOOK_S)
                self._ties.discard(what)
                if what == _SIGNAL or not self._ties:
                    return None
        raise DaemonError(f"no daemon took over {self._home.root}", hint="see its log")


def refusal(error: ProblemError, found: Whereabouts) -> RuntimeManagerError:
    """What a refused lease means to us."""
    if code_of(error) == DaemonEndingError.code:
        return DaemonEndingError(error.message, hint=error.hint)
    if code_of(error) == "not-found":
        return DaemonError(
            f"the daemon that runs (version {found.version}) knows no leases",
            hint="put this version in its place: rtm serve --replace",
        )
    return DaemonError(f"the daemon grants no lease: {error.message}", hint=error.hint)


def _read_stdin_to_its_end() -> None:
    with suppress(OSError):
        while os.read(0, 65536):
            pass


def _wait_for_end_of(pid: int) -> None:
    """Return once the process has ended, or where it has already."""
    if not hasattr(os, "pidfd_open"):
        while _exists(pid):
            time.sleep(_POLL_S)
        return
    with suppress(OSError):
        handle = os.pidfd_open(pid)
        try:
            poll = select.poll()
            poll.register(handle, select.POLLIN)
            poll.poll()
        finally:
            os.close(handle)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _in_thread(work: Callable[[], object]) -> None:
    """Do it without holding up the process's end."""
    threading.Thread(target=work, daemon=True).start()
