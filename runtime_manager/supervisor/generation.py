"""One generation: the process of one spawn, with all that listens to it and must end with it."""

from __future__ import annotations

import asyncio
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import structlog

from runtime_manager.model.endpoint import Endpoint, TcpEndpoint
from runtime_manager.model.manifest import Listen, Manifest
from runtime_manager.process.exit_status import ExitStatus
from runtime_manager.process.finding import Finding, of_silence
from runtime_manager.process.instance_cgroup import InstanceCgroup
from runtime_manager.process.listeners import Listener, Ownership, exposed, listening_on, owner_of
from runtime_manager.process.probe import NotAsked, ProbeResult
from runtime_manager.process.scarcity import scarcity
from runtime_manager.process.spawn import Child
from runtime_manager.process.sweep import sweep
from runtime_manager.process.tree import tree_pids
from runtime_manager.process.usage import Usage, usage
from runtime_manager.process.watch import Watch
from runtime_manager.supervisor import causes
from runtime_manager.supervisor.berth import Berth
from runtime_manager.supervisor.messages import Remark
from runtime_manager.supervisor.view import Cause

_log = structlog.get_logger()
_LOOKS, _LOOK_S = 50, 0.2
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

    def remarked(self, remark: Remark) -> None:
        """Something is to be minded of a generation, or no more."""
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
        folder: Path,
        berth: Berth,
        marker: str,
        cgroup: InstanceCgroup | None,
        start_watch: Callable[[Generation], Watch | None],
        told: Told,
        lent: ExitStack,
    ) -> None:
        self.number = number
        self.left_behind = 0
        self.manifest = manifest
        self.folder = folder
        self._child = child
        self._berth = berth
        self._marker = marker
        self._cgroup = cgroup
        self._start_watch = start_watch
        self._watch: Watch | None = None
        self._told = told
        self._dropped: Counter[str] = Counter()
        self._is_looked_at = False
        self._is_unasked = False
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
        self._listens()
        if self._watch is not None:
            self._watch.settle()

    def ask_to_stop(self) -> None:
        """Send the stop signal to the group, and close standard input where that was wished."""
        if self.manifest.stop.close_stdin:
            self._child.close_stdin()
        self._child.signal_group(self.manifest.stop.signal)

    def kill(self) -> None:
        """SIGKILL the group, and with it all else in its cgroup."""
        self._child.signal_group(signal.SIGKILL)
        if self._cgroup is not None:
            self._cgroup.kill()

    def usage(self) -> Usage | None:
        """What it uses, None once it has ended. Blocks: call it in a thread."""
        return usage(self.pid, self._cgroup) if self.is_alive else None

    async def ended(self) -> ExitStatus:
        """Wait for the leader's end, sweep what it left, and give everything back."""
        status = await self._child.wait()
        if self._watch is not None:
            self._watch.close()
        await _sighted()
        try:
            with self._lent:
                status = self._seen_by_the_kernel(status)
                self.left_behind = len(self._sweep())
        except Exception:  # whatever goes wrong here, the exit must be told
            _log.exception("generation.not_swept", pid=self.pid)
        return status

    def _seen_by_the_kernel(self, status: ExitStatus) -> ExitStatus:
        was_oom = self._cgroup is not None and self._cgroup.was_out_of_memory
        return replace(status, is_oom=was_oom and status.signal == signal.SIGKILL)

    def _sweep(self) -> set[int]:
        """By its cgroup, which nothing gets out of unseen, and by its marks where it has none."""
        left = self._cgroup.sweep() if self._cgroup is not None else set()
        return left | sweep(self.pid, marker=self._marker)

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
        listeners, pids = listening_on(endpoint.port), tree_pids(self.pid)
        owner = owner_of(endpoint.port, pids=pids, host=endpoint.host, listeners=listeners)
        if owner is Ownership.OURS:
            self._listens(listeners)
        return owner is Ownership.OURS

    def drop(self, stream: str, lines: int) -> None:
        """Count lines of its output that were not kept, and tell how many they are by now."""
        self._dropped[stream] += lines
        self._remark(causes.dropped(stream, self._dropped[stream]))

    def unwritten(self, path: Path, reason: str | None) -> None:
        """Its output cannot be written to `path`, or, without a reason, it can again."""
        self._remark(causes.not_written(str(path), reason or ""), is_over=reason is None)

    def probed(self, result: ProbeResult | NotAsked) -> None:
        """Tell what a probe came to; that it could not be asked is not held against it."""
        is_unasked = isinstance(result, NotAsked)
        if is_unasked is not self._is_unasked:
            self._is_unasked = is_unasked
            reason = result.reason if isinstance(result, NotAsked) else ""
            self._remark(causes.not_probed(reason), is_over=not is_unasked)
        if isinstance(result, ProbeResult):
            self._told.probed(self.number, result)

    def finding(self) -> Finding | None:
        """What can be seen of why it does not answer. Takes a few milliseconds."""
        return of_silence(self.pid, self.endpoint) if self.is_alive else None

    def _listens(self, listeners: Iterable[Listener] | None = None) -> None:
        """Its port is its own now; an address that is not loopback's is told, once."""
        self._berth.listening()
        endpoint = self._berth.endpoint
        if self._is_looked_at or not isinstance(endpoint, TcpEndpoint):
            return
        self._is_looked_at = True
        found = listening_on(endpoint.port) if listeners is None else listeners
        if (address := exposed(found)) is not None:
            self._remark(causes.exposed(str(TcpEndpoint(address, endpoint.port))))

    def _remark(self, warning: Cause, *, is_over: bool = False) -> None:
        self._told.remarked(Remark(self.number, warning, is_over=is_over))


async def _sighted() -> None:
    """Wait until /proc can be read, for which a descriptor is needed; for ten seconds at most."""
    for _ in range(_LOOKS):
        if scarcity() is None:
            return
        await asyncio.sleep(_LOOK_S)
