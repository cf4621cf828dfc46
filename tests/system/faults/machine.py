"""What can be wrong with the place where the daemon runs; told by the command itself."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from tests.system.child import environment
from tests.system.faults.fault import Fault, Outcome, Stage, Told, cast

_CHANGE = """
import sys
from pathlib import Path
from runtime_manager.errors import RuntimeManagerError
from runtime_manager.model.registry import RegistryEntry
from runtime_manager.packages.registry_file import RegistryFile

def add(registry):
    return registry.with_entry("new", RegistryEntry(source="x" * 9000))

try:
    RegistryFile(Path(sys.argv[1])).update(add)
except RuntimeManagerError as exc:
    sys.exit(f"rtm: {exc.message}\\nhint: {exc.hint}")
"""
"""What an installation does to the registry at its end."""

_FULL_BYTES = 4096
_REGISTRY = "providers:\n  good-1:\n    version: 1.0.0\n"


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
        "rtm: HOME/providers/registry.yaml cannot be written: File too large",
        "see the folder's permissions and the free space of the disk",
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
    """Change the registry where a file may have no more than a few KiB (RLIMIT_FSIZE)."""
    registry = stage.daemon.home.root / "providers" / "registry.yaml"
    registry.write_text(_REGISTRY)
    change = ("prlimit", f"--fsize={_FULL_BYTES}", sys.executable, "-c", _CHANGE, str(registry))
    outcome = _ran(stage, lambda: _run(*change))
    assert registry.read_text() == _REGISTRY
    left = {path.name for path in registry.parent.iterdir() if path.is_file()}
    assert left <= {"registry.yaml", "registry.yaml.lock"}, left
    return outcome


def _run(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv, env=environment(), capture_output=True, text=True, timeout=60, check=False
    )


def _ran(
    stage: Stage, run: Callable[[], subprocess.CompletedProcess[str]], place: str = "PLACE"
) -> Outcome:
    """What a command said when it ended, and what became of the others."""
    began = time.monotonic()
    ended = run()
    seconds = time.monotonic() - began
    said, _, hint = (ended.stdout + ended.stderr).strip().partition("\nhint: ")
    said = cast(said.replace(place, "PLACE"), stage.daemon.home)
    return Outcome(Told(f"exit {ended.returncode}", "", said, hint), seconds, stage.effect())
