"""Programs that start, and then do not do what they should."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from tests.system.faults.fault import Fault, Stage, Told, of_exit, of_warning

PORT = ("--port", "{port}")
START_TIMEOUT_S, PROBE_S, THRESHOLD, GRACE_S, REST_S = 0.5, 0.2, 2, 0.3, 30.0
_MANIFEST: dict[str, Any] = {
    "start": "manual",
    "health": {
        "start_timeout": START_TIMEOUT_S,
        "interval": PROBE_S,
        "timeout": PROBE_S,
        "failure_threshold": THRESHOLD,
    },
    "stop": {"grace": GRACE_S, "drain": GRACE_S},
    "restart": {"policy": "never"},
}
_RESTS = {"restart": {"delay": REST_S}}
_PATIENT = {"health": {"start_timeout": 20}}
_START, _GRACE = "`health.start_timeout`", "`stop.grace`"
_SICK = "`health.failure_threshold` probes"
_SICK_S = THRESHOLD * 2 * PROBE_S
_WHERE = (
    "have it take its address from {host} and {port} in `args`, or HOST and PORT in its environment"
)
_LISTEN = "see that it listens there; rtm logs {} shows what it printed"
_FOLLOWS = "restarted if it stays so for 30 s"
_BACKOFF = (("provider.state", "backoff"),)
_UNHEALTHY = (("provider.state", "unhealthy"),)


def _child(title: str, code: str, *args: str, told: Told, **more: Any) -> Fault:
    fields = _MANIFEST | more.pop("manifest", {})
    return Fault(title, code, lambda home: home.add(code, *args, **fields) and None, told, **more)


def _warned(title: str, code: str, *args: str, told: Told, **more: Any) -> Fault:
    comes = (("provider.warning", told.kind), ("provider.state", told.state))
    return _child(title, code, *args, told=told, comes=comes, read=of_warning, **more)


def once_ready(code: str, do: Any) -> Any:
    """Do something to it when it is ready; the time counts from there."""

    @contextmanager
    def act(stage: Stage) -> Iterator[datetime]:
        stage.watch.until(code, "ready")
        began = datetime.now(UTC)
        do(stage, code)
        yield began

    return act


def stop(stage: Stage, code: str) -> None:
    stage.daemon.do("stop", code, wait="0s")


def freeze(stage: Stage, code: str) -> None:
    os.kill(stage.daemon.provider(code)["pid"], signal.SIGSTOP)


@contextmanager
def stranger(port: int) -> Iterator[None]:
    """Somebody else's listener, which may share a reserved port (SO_REUSEADDR, socket(7))."""
    with socket.create_server(("127.0.0.1", port)):
        yield


def taken(code: str) -> Any:
    """A stranger comes to listen on the port that the provider was told, before it does."""

    @contextmanager
    def act(stage: Stage) -> Iterator[None]:
        stage.watch.until(code, "starting")
        with stranger(stage.port(code)):
            yield

    return act


def comes_up_elsewhere(code: str) -> Any:
    """With the stranger still there, the next try is on another port."""

    def after(stage: Stage) -> None:
        before = stage.daemon.provider(code)["generation"]
        assert stage.daemon.do("start", code).json["state"] == "ready"
        assert stage.daemon.provider(code)["generation"] == before + 1

    return after


CHILDREN: tuple[Fault, ...] = (
    _child(
        "it dies at once",
        "dies",
        *("--exit-after", "0", "--exit-code", "3", "--ready-after", "60"),
        told=Told(
            "failed", "exited", "exit code 3 before it was ready", "rtm logs dies shows its output"
        ),
        limit="at its exit",
        limit_s=0.0,
    ),
    _child(
        "it never listens",
        "mute",
        "--never-listen",
        told=Told(
            "failed",
            "start-timeout",
            "not ready within 0.5 s: it listens on no port, and was told 127.0.0.1:N",
            _LISTEN.format("mute"),
        ),
        limit=_START,
        limit_s=START_TIMEOUT_S,
    ),
    _child(
        "it accepts and never answers",
        "hangs",
        *PORT,
        "--hang",
        told=Told(
            "failed",
            "start-timeout",
            "not ready within 0.5 s; last probe: no answer within 0.2 s",
            "raise health.start_timeout, or see that it answers where it was told to listen",
        ),
        limit=_START,
        limit_s=START_TIMEOUT_S,
    ),
    _child(
        "it answers 500",
        "sick",
        *PORT,
        *("--status", "500"),
        told=Told(
            "failed",
            "start-timeout",
            "not ready within 0.5 s; last probe: HTTP 500",
            "raise health.start_timeout, or see that it answers where it was told to listen",
        ),
        limit=_START,
        limit_s=START_TIMEOUT_S,
    ),
    _child(
        "it listens on another port",
        "elsewhere",
        *("--listen-on", "127.0.0.1:0"),
        told=Told(
            "failed",
            "start-timeout",
            "not ready within 0.5 s: it listens on 127.0.0.1:N, not on 127.0.0.1:N as it was told",
            _WHERE,
        ),
        limit=_START,
        limit_s=START_TIMEOUT_S,
    ),
    _child(
        "a stranger is on its port",
        "replaced",
        "--never-listen",
        told=Told(
            "failed",
            "start-timeout",
            "not ready within 0.5 s: its port N is answered by NAME (pid N), not by it",
            "stop that program; with `port: 0` a start takes a free one",
        ),
        limit=_START,
        limit_s=START_TIMEOUT_S,
        act=taken("replaced"),
    ),
    _child(
        "its port is taken between reservation and bind",
        "overtaken",
        *PORT,
        *("--ready-after", "0.5"),
        told=Told(
            "backoff", "port-taken", "exit code 1: its port was taken", "another port is tried"
        ),
        limit="at its exit; another port is tried",
        limit_s=1.0,
        manifest=_RESTS | _PATIENT,
        act=taken("overtaken"),
        comes=_BACKOFF,
        after=comes_up_elsewhere("overtaken"),
    ),
    _child(
        "it forks and exits",
        "forks",
        *PORT,
        "--fork-and-exit",
        told=Told(
            "failed",
            "went-away",
            "it ended before it was ready and left 1 process in the background",
            "it must stay in the foreground: look for an option of it, or use exec in a script",
        ),
        limit="at its exit",
        limit_s=0.0,
    ),
    _warned(
        "it listens on 0.0.0.0",
        "exposed",
        *PORT,
        *("--host", "0.0.0.0"),
        told=Told(
            "ready",
            "exposed",
            "it listens on 0.0.0.0:N: other machines may reach it past the gateway",
            "have it listen on {host}, which is 127.0.0.1",
        ),
        limit="when it listens",
        limit_s=0.5,
        manifest=_PATIENT,
    ),
    _warned(
        "it floods stderr",
        "floods",
        *PORT,
        *("--flood", "300000"),
        told=Told(
            "ready",
            "output-dropped",
            "N lines of its stderr were dropped: it prints faster than a log can be kept",
            "rtm logs floods has the rest; have it print less",
        ),
        limit="1 s after the flood began",
        limit_s=2.0,
        manifest=_PATIENT,
    ),
    _warned(
        "it ignores SIGTERM",
        "deaf",
        *PORT,
        "--ignore-term",
        told=Told(
            "stopped",
            "killed",
            "it did not end within 0.3 s of SIGTERM, and was killed",
            "see that it ends on that signal, or raise stop.grace",
        ),
        limit=_GRACE,
        limit_s=GRACE_S,
        manifest=_PATIENT,
        act=once_ready("deaf", stop),
    ),
    _child(
        "it is stopped by SIGSTOP",
        "frozen",
        *PORT,
        told=Told(
            "unhealthy",
            "unhealthy",
            "2 probes in a row failed: its process N is stopped by a signal (SIGSTOP)",
            f"kill -CONT N lets it go on; {_FOLLOWS}",
        ),
        limit=_SICK,
        limit_s=_SICK_S,
        manifest={"health": _MANIFEST["health"] | _PATIENT["health"]},
        act=once_ready("frozen", freeze),
        comes=_UNHEALTHY,
    ),
    _child(
        "it closes its socket",
        "closes",
        *PORT,
        *("--close-after", "0.2"),
        told=Told(
            "unhealthy",
            "unhealthy",
            "2 probes in a row failed: it listens on no port, and was told 127.0.0.1:N",
            _LISTEN.format("closes") + f"; {_FOLLOWS}",
        ),
        limit=_SICK,
        limit_s=_SICK_S + 0.2,
        manifest={"health": _MANIFEST["health"] | _PATIENT["health"]},
        comes=_UNHEALTHY,
    ),
    _child(
        "a child of it leaves its session",
        "leaves",
        *PORT,
        "--setsid-child",
        told=Told("stopped", "exit", "exit code 0; processes it left, which were killed: 1"),
        limit="when it is stopped",
        limit_s=GRACE_S,
        manifest=_PATIENT,
        act=once_ready("leaves", stop),
        comes=(("provider.exit", "exit code 0"), ("provider.state", "stopped")),
        read=of_exit,
    ),
)
