"""What a daemon may lack for a while, each with the words that tell of it."""

from __future__ import annotations

import fcntl
import os
import resource
import select
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from runtime_manager.model.home import locate
from tests.system.child import HomeFolder, environment
from tests.system.degraded.shortage import (
    PROBE_TIMEOUT_S,
    VICTIM,
    Outcome,
    Place,
    Shortage,
    add_providers,
    injected,
)

_NOFILE = resource.RLIMIT_NOFILE
_FEW = 16
_CALLERS, _CALLERS_LIMIT = 300, 256
_LINES = 2000
_FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


def _crash(place: Place) -> None:
    os.kill(place.daemon.provider(VICTIM)["pid"], signal.SIGKILL)


def _state(state: str, cause: str = "") -> str:
    """How the event stream tells that the victim has come there."""
    return f"event: provider.state to={state}" + (f" cause={cause}" if cause else "")


# Descriptors.


def no_descriptors(place: Place) -> Outcome:
    """The limit of the running daemon falls below what it has open, and rises again."""
    soft, hard = resource.prlimit(place.pid, _NOFILE)
    victim = place.daemon.provider(VICTIM)["pid"]
    resource.prlimit(place.pid, _NOFILE, (_FEW, hard))
    try:
        os.kill(victim, signal.SIGKILL)
        told = place.events(
            (None, "daemon.warning"),
            (VICTIM, "provider.state", "no place to listen: Too many open files"),
            ("good-1", "provider.warning"),
        )
    finally:
        resource.prlimit(place.pid, _NOFILE, (soft, hard))
    over = place.events(
        (None, "daemon.warning_over"),
        (VICTIM, "provider.state", "ready"),
        ("good-1", "provider.warning_over"),
    )
    return Outcome(told, over)


def too_many_callers(place: Place) -> Outcome:
    """More connections than descriptors: the last of these are not for callers."""
    with ExitStack() as stack:
        host, port = place.daemon.authority.split(":")
        callers = [
            stack.enter_context(socket.create_connection((host, int(port))))
            for _ in range(_CALLERS)
        ]
        noted = place.log_line("gateway.bad_request")
        refused = select.select(callers, [], [], 30)[0][0].recv(4096).decode()
        assert place.daemon.rtm("restart", VICTIM).returncode == 0
    status, _, body = refused.partition("\r\n")
    assert "too-many-connections" in body, refused
    served = place.daemon.ask(f"/api/v1/{VICTIM}/pid").status
    return Outcome((f"the client: {status}", noted), (f"the client: HTTP/1.1 {served} OK",))


# Processes and threads.


def no_processes(place: Place) -> Outcome:
    """fork(2) and its like fail."""
    calls = "clone,clone3,vfork,fork"
    with injected(place.pid, "-e", f"trace={calls}", "-e", f"inject={calls}:error=EAGAIN"):
        _crash(place)
        place.watch.until(VICTIM, "starting")
        place.watch.until(VICTIM, "backoff")
        why = place.rtm("why", VICTIM).splitlines()
        hint = next(" ".join(line.split()) for line in why if "ulimit -u" in line)
        for _ in range(3):  # more often than its budget allows failures of its own
            place.watch.until(VICTIM, "backoff")
        resting = place.events((VICTIM, "provider.state", "backoff"))[0]
    return Outcome((resting, f"rtm why: {hint}"), place.events((VICTIM, "provider.state", "ready")))


# Disks.


@contextmanager
def small_disk(folder: Path, *options: str) -> Iterator[None]:
    """A tmpfs(5) is mounted there."""
    folder.mkdir(parents=True)
    words = ",".join(("size=256k", *options))
    subprocess.run(["mount", "-t", "tmpfs", "-o", words, "none", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def logs_on_small_disk(home: HomeFolder) -> Iterator[None]:
    with small_disk(home.root / "logs"):
        add_providers(home)
        yield


@contextmanager
def run_on_small_disk(home: HomeFolder) -> Iterator[None]:
    sockets = _sockets(home)
    with small_disk(sockets, "mode=0700", "nr_inodes=40"):
        add_providers(home)
        yield
    sockets.rmdir()


def _sockets(home: HomeFolder) -> Path:
    """Where the daemon's sockets are: run/, where paths in that are short enough."""
    return locate(str(home.root), environment()).sockets


def _say(place: Place, lines: int) -> None:
    assert place.daemon.ask(f"/api/v1/{VICTIM}/say?n={lines}").status == 200


def _over_in_log(place: Place) -> str:
    log = place.home.root / "logs" / VICTIM / "output.log"
    lost = [line for line in log.read_text().splitlines() if "could not be written" in line]
    assert len(lost) == 1, lost
    return f"output.log: {'N' + lost[0][lost[0].index(' lines') :]}".replace("N lines", "[N lines")


def full_logs(place: Place) -> Outcome:
    """The disk of logs/ is full, until room is made."""
    filler = place.home.root / "logs" / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    _say(place, 200)
    told = place.event("provider.warning", VICTIM)
    status = place.rtm("status", VICTIM)
    shown = next(line.strip() for line in status.splitlines() if "log-not-written" in line)
    filler.unlink()
    _say(place, 1)
    over = place.event("provider.warning_over", VICTIM)
    return Outcome((told, f"rtm status: {' '.join(shown.split())}"), (over, _over_in_log(place)))


def broken_logs(place: Place) -> Outcome:
    """The disk of logs/ answers writes with an error."""
    path = place.home.root / "logs" / VICTIM / "output.log"
    _say(place, 1)
    words = ("-P", str(path), "-e", "trace=write", "-e", "inject=write:error=EIO")
    with injected(place.pid, *words):
        _say(place, 5)
        told = place.event("provider.warning", VICTIM)
    _say(place, 1)
    over = place.event("provider.warning_over", VICTIM)
    return Outcome((told,), (over, _over_in_log(place)))


def full_run(place: Place) -> Outcome:
    """The disk of run/ has no room for another socket."""
    place.daemon.do("stop", VICTIM)
    fillers = []
    try:
        while True:
            fillers.append(_sockets(place.home) / f"filler-{len(fillers)}")
            fillers[-1].touch()
    except OSError:
        fillers.pop()
    place.daemon.do("start", VICTIM, wait="0s")
    told = place.events((VICTIM, "provider.state", "backoff"))
    for filler in fillers:
        filler.unlink()
    return Outcome(told, place.events((VICTIM, "provider.state", "ready")))


# Time.


def standing_still(place: Place) -> Outcome:
    """SIGSTOP of the daemon for longer than any probe or start may take, and SIGCONT."""
    slow = place.home.add(
        "slow",
        *("--port", "{port}", "--ready-after", "0.5"),
        start="manual",
        health={"start_timeout": 2, "interval": 0.1, "timeout": 1},
        restart={"policy": "never"},
    )
    assert slow.is_dir()
    assert place.daemon.rtm("reload").returncode == 0
    place.daemon.do("start", "slow", wait="0s")
    os.kill(place.pid, signal.SIGSTOP)
    time.sleep(2 * PROBE_TIMEOUT_S)
    os.kill(place.pid, signal.SIGCONT)
    seen = place.watch.until("slow", "ready")
    assert [event["data"]["to"] for event in seen if event["name"] == "provider.state"] == [
        "starting",
        "ready",
    ]
    facts = place.logged("daemon.stood_still")
    assert facts["for_s"] > PROBE_TIMEOUT_S
    return Outcome(
        ("log: warning daemon.stood_still for_s=N",), ("event: provider.state to=ready",)
    )


def clock_file(home: HomeFolder) -> Path:
    return home.root / "clock"


def clock_jumps(place: Place) -> Outcome:
    """The wall clock goes a day forth, and two days back."""
    said = []
    for jump in ("+1d", "-1d"):
        clock_file(place.home).write_text(jump)
        began = time.monotonic()
        _crash(place)
        state = place.watch.until(VICTIM, "backoff")[-1]
        days = (datetime.fromisoformat(state["at"]) - datetime.now(UTC)).total_seconds() / 86400
        said.append(f"event: provider.state at {days:+.0f} d")
        place.watch.until(VICTIM, "ready")
        assert time.monotonic() - began < 20
    clock_file(place.home).write_text("+0d")
    since = place.daemon.provider("good-1")["since"]
    assert abs((datetime.fromisoformat(since) - datetime.now(UTC)).total_seconds()) < 600
    return Outcome(tuple(said), ("event: provider.state at +0 d",))


@contextmanager
def with_clock(home: HomeFolder) -> Iterator[None]:
    clock_file(home).write_text("+0d")
    add_providers(home)
    yield


# Who reads the log, and who watches files.


@contextmanager
def log_in_small_pipe(home: HomeFolder) -> Iterator[None]:
    """Standard error is a pipe; and settings of which each reload says that they are for nobody."""
    add_providers(home)
    nobody = "".join(f"  nobody-{number}: {{start: manual}}\n" for number in range(_LINES))
    with (home.root / "config.yaml").open("a") as config:
        config.write(f"providers:\n{nobody}")
    fifo = home.root / "stderr"
    os.mkfifo(fifo)
    handle = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(handle, fcntl.F_SETPIPE_SZ, 4096)
    yield
    os.close(handle)


def full_pipe(place: Place) -> Outcome:
    """Nobody reads the daemon's standard error, until somebody does."""
    assert place.daemon.rtm("reload").returncode == 0
    _crash(place)
    place.watch.until(VICTIM, "ready")
    assert place.daemon.rtm("restart", VICTIM).returncode == 0
    cat = ["cat", place.home.root / "stderr"]
    with place.log.open("ab") as log, subprocess.Popen(cat, stdout=log) as reader:
        facts = place.logged("log.lines_lost")
        reader.terminate()
    assert facts["lines"] > _LINES / 2
    hint = f"hint={facts['hint']}"
    return Outcome((), (f"log: warning log.lines_lost lines=N {hint}",))


def no_watches(place: Place) -> Outcome:
    """The kernel gives no more inotify instances."""
    calls = "inotify_init,inotify_init1,inotify_add_watch"
    ago = len(place.lines())
    with injected(place.pid, "-e", f"trace={calls}", "-e", f"inject={calls}:error=EMFILE"):
        place.home.add("late", start="manual")
        place.rtm("reload")
        told = place.log_line("watching.failed", ago=ago)
        place.home.add("later", start="manual")
        place.rtm("reload")
        assert "later" in place.rtm("list")
    over = place.log_line("watching.resumed", ago=ago)
    place.home.add("latest", start="manual")
    place.watch.until_named("daemon.reloaded")
    while "latest" not in place.rtm("list"):
        place.watch.until_named("daemon.reloaded")
    return Outcome((told,), (over,))


_PROBE = "it cannot be probed, and is taken to be as it was: cannot connect to 127.0.0.1:N: "
_NOT_WRITTEN = "its output cannot be written to HOME/logs/victim/output.log: "
_WARNING, _OVER = "event: provider.warning kind=", "event: provider.warning_over kind="

SHORTAGES: tuple[Shortage, ...] = (
    Shortage(
        "no descriptor is left (EMFILE)",
        "`prlimit` lowers the running daemon's limit to 16",
        Outcome(
            (
                "event: daemon.warning kind=no-descriptors "
                "message=nobody can be let in: Too many open files (limit 16)",
                _state("backoff", "no place to listen: Too many open files"),
                f"{_WARNING}not-probed message={_PROBE}Too many open files",
            ),
            (
                "event: daemon.warning_over kind=no-descriptors",
                _state("ready"),
                f"{_OVER}not-probed",
            ),
        ),
        "callers wait in the sockets' queues; probes that cannot be asked are held against nobody; "
        "starts are tried again and do not count as failures",
        no_descriptors,
    ),
    Shortage(
        "more callers than descriptors",
        f"{_CALLERS} connections at `ulimit -n {_CALLERS_LIMIT}`",
        Outcome(
            (
                "the client: HTTP/1.1 503 Service Unavailable",
                "log: info gateway.bad_request problem=too-many-connections",
            ),
            ("the client: HTTP/1.1 200 OK",),
        ),
        "the last 64 descriptors (a quarter of the limit at most) are not for callers: `rtm`, "
        "probes and starts have them",
        too_many_callers,
        needs=("prlimit",),
        under=("prlimit", f"--nofile={_CALLERS_LIMIT}"),
    ),
    Shortage(
        "no process can be started (EAGAIN)",
        "`strace -e inject=clone,clone3,vfork,fork:error=EAGAIN`",
        Outcome(
            (
                _state("backoff", "PYTHON: no more processes allowed"),
                "rtm why: do see ulimit -u",
            ),
            (_state("ready"),),
        ),
        "it is tried again for as long as it takes, and what it lacked does not count as failures",
        no_processes,
        needs=("strace",),
    ),
    Shortage(
        "the disk of `logs/` is full (ENOSPC)",
        "a tmpfs of 256 KiB",
        Outcome(
            (
                f"{_WARNING}log-not-written message={_NOT_WRITTEN}No space left on device",
                f"rtm status: warning [log-not-written] {_NOT_WRITTEN}No space left on device",
            ),
            (f"{_OVER}log-not-written", "output.log: [N lines could not be written]"),
        ),
        "the program is read on; `rtm logs` shows what it prints",
        full_logs,
        needs=("mount", "root"),
        furnish=logs_on_small_disk,
    ),
    Shortage(
        "the disk of `logs/` fails (EIO)",
        "`strace -P output.log -e inject=write:error=EIO`",
        Outcome(
            (f"{_WARNING}log-not-written message={_NOT_WRITTEN}Input/output error",),
            (f"{_OVER}log-not-written", "output.log: [N lines could not be written]"),
        ),
        "the program is read on; `rtm logs` shows what it prints",
        broken_logs,
        needs=("strace",),
    ),
    Shortage(
        "the disk of `run/` is full (ENOSPC)",
        "a tmpfs of 40 inodes",
        Outcome(
            (_state("backoff", "no socket for its notifications: No space left on device"),),
            (_state("ready"),),
        ),
        "what runs needs nothing new there; starts are tried again and do not count as failures",
        full_run,
        needs=("mount", "root"),
        furnish=run_on_small_disk,
    ),
    Shortage(
        "the daemon stands still (SIGSTOP, a suspended machine)",
        "SIGSTOP for twice the probes' time-out, and SIGCONT",
        Outcome(("log: warning daemon.stood_still for_s=N",), (_state("ready"),)),
        "providers run on; time-outs that came due meanwhile are given anew: of probes, starts, "
        "stops, requests and leases",
        standing_still,
    ),
    Shortage(
        "the clock jumps",
        "libfaketime: a day forth, two days back",
        Outcome(
            ("event: provider.state at +1 d", "event: provider.state at -1 d"),
            ("event: provider.state at +0 d",),
        ),
        "time-outs go by the monotonic clock; times in logs and events follow the jump",
        clock_jumps,
        needs=(_FAKETIME,),
        furnish=with_clock,
        env={
            "LD_PRELOAD": _FAKETIME,
            "DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_TIMESTAMP_FILE": "HOME/clock",
        },
    ),
    Shortage(
        "nobody reads the daemon's log (a full pipe)",
        "standard error is a pipe of 4 KiB that nobody reads",
        Outcome(
            (),
            (
                "log: warning log.lines_lost lines=N "
                "hint=who reads it has stopped reading, or its disk was full",
            ),
        ),
        "a thread writes; 256 KiB wait for it, and what does not fit is counted",
        full_pipe,
        needs=("cat",),
        furnish=log_in_small_pipe,
        under=("sh", "-c", 'exec "$@" 2> HOME/stderr', "sh"),
    ),
    Shortage(
        "no file can be watched (inotify limits)",
        "`strace -e inject=inotify_init1,inotify_add_watch:error=EMFILE`",
        Outcome(
            (
                "log: warning watching.failed error=Error creating recommended watcher: "
                "Too many open files (os error 24) "
                "hint=until then rtm reload reads what has changed; see sysctl fs.inotify "
                "again_in_s=1.0",
            ),
            ("log: info watching.resumed",),
        ),
        "`rtm reload` works; watching is tried again after 1 s, 2 s, at most 30 s, and what has "
        "changed meanwhile is found then",
        no_watches,
        needs=("strace",),
    ),
)
