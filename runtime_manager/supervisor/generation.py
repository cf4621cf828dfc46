"""One generation: the process of one spawn, with all that listens to it and must end with it."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from contextlib import ExitStack
from typing import Protocol

import structlog

from runtime_manager.model.endpoint import Endpoint, TcpEndpoint
from runtime_manager.model.manifest import Listen, Manifest
from runtime_manager.process.exit_status import ExitStatus
from runtime_manager.process.listeners import Ownership, owner_of
from runtime_manager.process.probe import ProbeResult
from runtime_manager.process.prober import Watch
from runtime_manager.process.spawn import Child
from runtime_manager.process.sweep import sweep
from runtime_manager.process.tree import tree_pids
from runtime_manager.supervisor.berth import Berth

_log = structlog.get_logger()
_REPORT = re.compile(r"LISTENING (?P<host>[0-9a-fA-F.:\[\]]+):(?P<port>\d{1,5})\s*")
_REACHED_AT = {"0.0.0.0": "127.0.0.1", "::": "::1"}


class Told(Protocol):
    """Whom a generation tells what it hears; called in the loop, must not block."""

    def probed(self, generation: int, result: ProbeResult) -> None:
        """A probe came back."""
        ...

    def notified(self, generation: int, fields: frozenset[str]) -> None:
        """The program said something about itself (sd_notify(3))."""
        ...


class Generation:
    """A live process and its probes. `ended` must be awaited: it closes all that was `lent`.

    `left_behind` counts what still lived when the leader had ended, and was killed.
    """

    def __init__(
        self,
        number: int,
        child: Child,
        *,
        manifest: Manifest,
        berth: Berth,
        marker: str,
        start_watch: Callable[[Generation], Watch | None],
        lent: ExitStack,
    ) -> None:
        self.number = number
        self.left_behind = 0
        self.manifest = manifest
        self._child = child
        self._berth = berth
        self._marker = marker
        self._start_watch = start_watch
        self._watch: Watch | None = None
        self._lent = lent

    @property
    def pid(self) -> int:
        """The leader's pid, which is its session's and group's too."""
        return self._child.pid

    @property
    def endpoint(self) -> Endpoint | None:
        """Where it listens; None until a `report` program has said so."""
        return self._berth.endpoint

    @property
    def is_alive(self) -> bool:
        """Whether the leader has not been reaped."""
        return self._child.is_alive

    def watch(self) -> None:
        """Probe its endpoint from now on, once it is known."""
        if self._watch is None:
            self._watch = self._start_watch(self)

    def adopt(self, manifest: Manifest) -> None:
        """Go by another manifest for what a running program does not see: probes and the stop."""
        is_asked_otherwise = self.manifest.health != manifest.health
        self.manifest = manifest
        if is_asked_otherwise and self._watch is not None:
            self._watch.close()
            self._watch = self._start_watch(self)

    def settle(self) -> None:
        """It is READY: its port is its own, and probes come at their own interval."""
        self._berth.listening()
        if self._watch is not None:
            self._watch.settle()

    def ask_to_stop(self) -> None:
        """Send the stop signal to the group, and close standard input where that was wished."""
        if self.manifest.stop.close_stdin:
            self._child.close_stdin()
        self._child.signal_group(self.manifest.stop.signal)

    def kill(self) -> None:
        """SIGKILL the group."""
        self._child.signal_group(signal.SIGKILL)

    async def ended(self) -> ExitStatus:
        """Wait for the leader's end, sweep what it left, and give everything back."""
        status = await self._child.wait()
        if self._watch is not None:
            self._watch.close()
        try:
            with self._lent:
                self.left_behind = len(sweep(self.pid, marker=self._marker))
        except Exception:  # whatever goes wrong here, the exit must be told
            _log.exception("generation.not_swept", pid=self.pid)
        return status

    def hear(self, line: str) -> None:
        """Take a line of standard output: a `report` program says there where it listens."""
        found = _REPORT.fullmatch(line) if self._berth.endpoint is None else None
        if found is not None and self.is_alive:
            host = found["host"].strip("[]")
            self._berth.endpoint = TcpEndpoint(_REACHED_AT.get(host, host), int(found["port"]))
            self.watch()

    def owns_listener(self) -> bool:
        """Whether the listener belongs to this process tree; asked before a request goes there.

        A socket path lies in a folder of ours alone, and an `fd` listener is our own.
        """
        endpoint = self._berth.endpoint
        if not isinstance(endpoint, TcpEndpoint) or self.manifest.listen is Listen.FD:
            return True
        pids = tree_pids(self.pid)
        is_ours = owner_of(endpoint.port, pids=pids, host=endpoint.host) is Ownership.OURS
        if is_ours:
            self._berth.listening()
        return is_ours
