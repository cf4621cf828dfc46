"""Why an instance is where it is, in words a person can act on. Pure.

Hints say CODE for the provider's own; `addressed` puts it in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from runtime_manager.errors import SpawnError
from runtime_manager.lifecycle.table import Event, State, Wanted
from runtime_manager.model.manifest import Manifest
from runtime_manager.model.parts import RestartPolicy, Stop
from runtime_manager.model.units import size_text
from runtime_manager.process.exit_status import ExitStatus
from runtime_manager.process.finding import Finding
from runtime_manager.supervisor.view import Cause

_PORT_TAKEN = re.compile(r"address (?:is )?already in use|EADDRINUSE|errno 98\b|errno 48\b", re.I)

STOPPED_ON_REQUEST = Cause("asked", "stopped on request", "rtm start CODE starts it")
IDLE = Cause("idle", "stopped after being idle; the next request starts it", "")
SHUTDOWN = Cause("shutdown", "the daemon is stopping")
REPLACED = Cause("replaced", "another version has taken its place")
PUT_BACK = Cause("put-back", "the new version did not come up, so this one is started again")
REMOVED = Cause("removed", "its package has been removed")
RESTARTING = Cause("asked", "restarting on request", "")
DONE = Cause("done", "it ended well (exit code 0), and is not restarted for that", "")
ON_DEMAND = Cause("on-demand", "the first request starts it", "")
NOT_STARTED = Cause("manual", "not started by itself", "rtm start CODE starts it")


def told(cause: Cause | None, code: str) -> str:
    """Message and hint in one line, as a refused client is told."""
    if cause is None:
        return ""
    return "; ".join(filter(None, (cause.message, addressed(cause, code).hint)))


def addressed(cause: Cause, code: str) -> Cause:
    """The cause with the provider's code in its hint."""
    return replace(cause, hint=cause.hint.replace("CODE", code))


def of_ask(event: Event, wanted: Wanted | None) -> Cause | None:
    """The cause an asked event leaves; None for a start."""
    if event is Event.RESTART:
        return RESTARTING
    if event is Event.STOP:
        return IDLE if wanted is Wanted.ON_DEMAND else STOPPED_ON_REQUEST
    return None


def of_change(keys: Sequence[str]) -> Cause:
    """The cause of a restart for what has changed in the package."""
    return Cause("changed", f"restarting, since its {', '.join(keys)} changed")


def of_files(count: int) -> Cause:
    """The cause of a restart of a provider that is being worked on."""
    return Cause("changed", f"restarting, since {count} of its files changed")


def of_spawn(error: SpawnError) -> Cause:
    """The cause of a spawn that failed."""
    return Cause(str(error.facts.get("kind", "spawn-failed")), error.message, error.hint)


def of_exit(
    status: ExitStatus,
    state: State,
    *,
    restart: RestartPolicy = RestartPolicy.ON_FAILURE,
    stderr: Sequence[str] = (),
    left: int = 0,
    memory_bytes: int | None = None,
) -> Cause:
    """The cause of an exit nobody asked for, seen in `state`.

    `stderr` is its last lines; `left` counts the processes it left behind; `memory_bytes` is its
    limit.
    """
    if status.is_clean and state is not State.STARTING and restart is not RestartPolicy.ALWAYS:
        return DONE
    if status.is_oom:
        return _of_memory(memory_bytes)
    if state is State.STARTING and is_port_taken(stderr):
        return Cause(
            "port-taken", f"{status.describe()}: its port was taken", "another port is tried"
        )
    if state is State.STARTING and status.is_clean and left:
        return Cause(
            "went-away",
            f"it ended before it was ready and left {_processes(left)} in the background",
            "it must stay in the foreground: look for an option of it, or use exec in a script",
        )
    moment = "before it was ready" if state is State.STARTING else f"while {state}"
    return Cause("exited", f"{status.describe()} {moment}", "rtm logs CODE shows its output")


def _of_memory(limit_bytes: int | None) -> Cause:
    """Without a limit it was the machine that had none left."""
    if limit_bytes is None:
        return Cause("out-of-memory", "out of memory: the machine had none left", "set limits")
    return Cause(
        "out-of-memory", f"out of memory (limit {size_text(limit_bytes)})", "raise limits.memory"
    )


def is_port_taken(stderr: Sequence[str]) -> bool:
    """Whether a program's last words say that its address is in use."""
    return any(_PORT_TAKEN.search(line) for line in stderr)


def of_deadline(
    state: State, manifest: Manifest, *, last_probe: str | None, finding: Finding | None = None
) -> Cause | None:
    """The cause of a stop that a deadline in `state` brought about; None where it ends a wait."""
    if state not in (State.STARTING, State.UNHEALTHY):
        return None
    health, answer = manifest.health, _answer(last_probe, finding)
    if state is State.STARTING:
        advice = "raise health.start_timeout, or see that it answers where it was told to listen"
        kind, message = "start-timeout", f"not ready within {health.start_timeout_s:g} s"
    else:
        advice = "see what its health path answers"
        kind, message = "unhealthy", f"unhealthy for {health.unhealthy_timeout_s:g} s"
    return Cause(kind, f"{message}{answer}", finding.hint if finding else advice)


def of_sickness(
    manifest: Manifest, *, last_probe: str | None, finding: Finding | None = None
) -> Cause:
    """The cause of READY having become UNHEALTHY."""
    probes = manifest.health.failure_threshold
    follows = f"restarted if it stays so for {manifest.health.unhealthy_timeout_s:g} s"
    return Cause(
        "unhealthy",
        f"{probes} probes in a row failed{_answer(last_probe or 'no answer', finding)}",
        f"{finding.hint}; {follows}" if finding else follows,
    )


def _answer(last_probe: str | None, finding: Finding | None) -> str:
    """What was seen of it, else what the last probe was answered."""
    if finding is not None:
        return f": {finding.message}"
    return f"; last probe: {last_probe}" if last_probe else ""


# What is worth telling of a provider that goes on as it is.


def dropped(stream: str, lines: int) -> Cause:
    """A flood of output was not kept."""
    return Cause(
        "output-dropped",
        f"{lines} lines of its {stream} were dropped: it prints faster than a log can be kept",
        "rtm logs CODE has the rest; have it print less",
    )


def exposed(address: str) -> Cause:
    """It listens on more than loopback."""
    return Cause(
        "exposed",
        f"it listens on {address}: other machines may reach it past the gateway",
        "have it listen on {host}, which is 127.0.0.1",
    )


NOT_PROBED, NOT_WRITTEN = "not-probed", "log-not-written"
"""Kinds of what is the daemon's own want, and ends when that does."""


def not_probed(reason: str) -> Cause:
    """The daemon could not ask it; that is not held against it."""
    return Cause(
        NOT_PROBED,
        f"it cannot be probed, and is taken to be as it was: {reason}",
        "raise ulimit -n for the daemon, or LimitNOFILE= in its unit",
    )


def not_written(path: str, reason: str) -> Cause:
    """Its log cannot be written."""
    return Cause(
        NOT_WRITTEN,
        f"its output cannot be written to {path}: {reason}",
        "make room there; rtm logs CODE shows what it prints meanwhile",
    )


def killed(stop: Stop) -> Cause:
    """It did not heed the stop signal."""
    return Cause(
        "killed",
        f"it did not end within {stop.grace_s:g} s of {stop.signal.name}, and was killed",
        "see that it ends on that signal, or raise stop.grace",
    )


def _processes(count: int) -> str:
    return f"{count} process" + ("" if count == 1 else "es")


def waiting_for(codes: Sequence[str]) -> Cause:
    """The cause of not having been started yet: its dependencies are not READY."""
    names = ", ".join(codes)
    return Cause("waiting", f"waiting for {names}", f"rtm status {codes[0]} tells why")
