"""What can be wrong with the place where the daemon runs; told by the command itself."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from tests.system.child import environment
from tests.system.faults.fault import Fault, Outcome, Stage, Told, cast

_FULL_BYTES = 64 * 1024
_REGISTRY = f"providers:\n  good-1:\n    version: 1.0.0\n    source: {'x' * _FULL_BYTES}\n"


def _of_place(title: str, code: str, told: Told) -> Fault:
    return Fault(title, code, lambda _home: None, told, "at once", 5.0)


SECOND = _of_place(
    "a second daemon on the home",
    "second",
    Told("exit 0", "", "already running at http://127.0.0.1:N (pid N)"),
)
READ_ONLY = _of_place(
    "a home that cannot be written",
    "read-only",
    Told(
        "exit 1",
        "",
        "rtm: cannot write PLACE/providers: Permission denied",
        "choose another home with --home, or mend its permissions",
    ),
)
FULL = _of_place(
    "no room to write registry.yaml",
    "full",
    Told(
        "exit 1",
        "",
        "rtm: new cannot be changed: HOME/providers/registry.yaml: File too large",
        "see the disk and its permissions",
    ),
)


def second(stage: Stage) -> Outcome:
    """Start another `serve` on the same home."""
    return _ran(stage, lambda: stage.daemon.rtm("serve", "--listen", "127.0.0.1:0"))


def read_only(stage: Stage, under: Sequence[str]) -> Outcome:
    """Start a `serve` on another home, which is not for it to write."""
    place = stage.daemon.home.root.parent / "read-only"
    place.mkdir(mode=0o500)
    serve = (sys.executable, "-m", "runtime_manager", "serve", "--home", str(place))
    outcome = _ran(stage, lambda: _run(*under, *serve, "--listen", "127.0.0.1:0"), str(place))
    assert not list(place.iterdir())
    return outcome


def full(stage: Stage) -> Outcome:
    """Install a package where the daemon may not make a file as large as its registry is."""
    root = stage.daemon.home.root
    registry, package = root / "providers" / "registry.yaml", root / "new"
    registry.write_text(_REGISTRY)
    package.mkdir()
    (package / "manifest.yaml").write_text("code: new\nversion: 1.0.0\nbinary: sleep\n")
    with no_file_over(_FULL_BYTES, stage.daemon.process.pid):
        outcome = _ran(stage, lambda: stage.daemon.rtm("install", str(package), "--yes"))
    assert registry.read_text() == _REGISTRY
    assert not list(registry.parent.glob(".*.new"))
    assert not (registry.parent / "new").exists()
    return outcome


@contextmanager
def no_file_over(size_bytes: int, pid: int) -> Iterator[None]:
    """As on a full disk, a write to a larger file fails (RLIMIT_FSIZE, prlimit(2))."""
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))


def _run(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _ran(
    stage: Stage, run: Callable[[], subprocess.CompletedProcess[str]], place: str = "PLACE"
) -> Outcome:
    """What a command said when it ended, and what became of the others."""
    began = time.monotonic()
    ended = run()
    seconds = time.monotonic() - began
    said, _, hint = (ended.stdout + ended.stderr).strip().partition("\nhint: ")
    said = said.splitlines()[-1]  # what was noted on the way stands before it
    said = cast(said.replace(place, "PLACE"), stage.daemon.home)
    return Outcome(Told(f"exit {ended.returncode}", "", said, hint), seconds, stage.effect())
