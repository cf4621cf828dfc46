"""Every change, broken off at every step there is: what is installed is the old or the new.

The steps are not listed anywhere: n goes up until a change gets through without meeting the fault.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from runtime_manager.errors import PackageError
from runtime_manager.model.home import Home
from runtime_manager.packages.candidate import LocalPackage, staged
from runtime_manager.packages.discovery import scan
from runtime_manager.packages.disk import Disk
from runtime_manager.packages.installation import Installation
from runtime_manager.packages.pack import pack
from runtime_manager.packages.verification import verify_installed
from tests.component.packages.conftest import Package
from tests.component.packages.faults import Fault, FaultyDisk

State = tuple[str, tuple[str, ...], bool, str] | None
"""Version in use, versions kept, held, and the folder that the link leads to."""

STEP_LIMIT = 200


class Ground:
    """A home with two versions of a package, put anew for each fault."""

    def __init__(self, above: Path, archives: dict[str, Path]) -> None:
        self.home = Home(above / "home")
        self.archives = archives
        self._as_it_was = above / "as-it-was"
        for version in ("1.0.0", "1.1.0"):
            self.install(version, Disk())
        shutil.copytree(self.home.root, self._as_it_was, symlinks=True)

    def renew(self) -> None:
        shutil.rmtree(self.home.root)
        shutil.copytree(self._as_it_was, self.home.root, symlinks=True)

    def install(self, version: str, disk: Disk, code: str = "cool") -> None:
        fetched = LocalPackage(self.archives[f"{code}-{version}"], "file")
        with staged(self.home, fetched, disk=disk) as candidate:
            Installation(self.home, disk=disk).install(candidate)

    def check_next_command_works(self) -> None:
        """And it leaves nothing behind but what belongs there."""
        self.install("0.1.0", Disk(), code="other")
        entries = Installation(self.home).registry().providers
        wanted = {
            f"{code}/{one.folder}"
            for code, entry in entries.items()
            for one in (entry.current, *entry.previous)
        }
        packages = self.home.packages
        found = {str(one.relative_to(packages)) for one in packages.glob("*/*")}
        assert {name for name in found if not name.endswith(".files")} == wanted
        assert {name for name in found if name.endswith(".files")} == {f"{n}.files" for n in wanted}
        assert {one.name for one in packages.iterdir()} <= {
            ".staging",
            *(name.split("/")[0] for name in wanted),
        }
        assert {one.name for one in self.home.providers.iterdir()} <= {
            "registry.yaml",
            "registry.yaml.lock",
            *entries,
        }


Deed = Callable[[Ground, Disk], None]

DEEDS: dict[str, Deed] = {
    "install": lambda ground, disk: ground.install("1.0.0", disk, code="new"),
    "upgrade": lambda ground, disk: ground.install("1.2.0", disk),
    "again": lambda ground, disk: ground.install("1.1.0", disk),
    "rollback": lambda ground, disk: _run(ground, disk).switch("cool") and None,
    "uninstall": lambda ground, disk: _run(ground, disk).uninstall("cool"),
    "hold": lambda ground, disk: _run(ground, disk).set_held("cool", True),
}


def _run(ground: Ground, disk: Disk) -> Installation:
    return Installation(ground.home, disk=disk)


@pytest.fixture
def ground(tmp_path: Path, package: Package) -> Ground:
    archives = {}
    for name in ("cool-1.0.0", "cool-1.1.0", "cool-1.2.0", "new-1.0.0", "other-0.1.0"):
        code, version = name.rsplit("-", 1)
        made = package(code, version, data="x" * 100)
        archives[name] = pack(made.path, output=tmp_path / f"{name}.tar.gz").path
    return Ground(tmp_path, archives)


@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.value)
@pytest.mark.parametrize("deed", DEEDS)
def test_whatever_happens_at_any_step_the_old_or_the_new_is_installed(
    deed: str, fault: Fault, ground: Ground
) -> None:
    old = _whole_state(ground)
    DEEDS[deed](ground, Disk())
    new = _whole_state(ground)
    seen = []
    for step in range(1, STEP_LIMIT):
        ground.renew()
        if _got_through(DEEDS[deed], ground, step=step, fault=fault):
            assert _whole_state(ground) == new
            break
        state = _whole_state(ground)
        assert state in (old, new), f"step {step}"
        seen.append(state == new)
        ground.check_next_command_works()
    assert len(seen) >= 5
    assert step < STEP_LIMIT - 1


def _whole_state(ground: Ground) -> tuple[State, bool]:
    is_there = "new" in Installation(ground.home).registry().providers
    if is_there:
        assert (ground.home.providers / "new").resolve().parent.name == "new"
    _check_only_named_links(ground)
    return _state_of_cool(ground), is_there


def _state_of_cool(ground: Ground) -> State:
    entry = Installation(ground.home).registry().get("cool")
    assert all(one.is_good for one in verify_installed(ground.home))
    link = ground.home.providers / "cool"
    if entry is None:
        assert not link.is_symlink()
        return None
    assert link.resolve().name == entry.folder
    for one in entry.previous:
        assert (ground.home.packages / "cool" / one.folder).is_dir()
    kept = tuple(one.version for one in entry.previous)
    return entry.version, kept, entry.held, entry.folder


def _check_only_named_links(ground: Ground) -> None:
    registry = Installation(ground.home).registry()
    found = scan(ground.home, registry, {})
    assert not found.invalid
    assert {one.code for one in found.providers} == set(registry.providers)


def _got_through(deed: Deed, ground: Ground, *, step: int, fault: Fault) -> bool:
    """Whether the deed was done without meeting its fault."""
    if fault is Fault.KILL:
        return _was_not_killed(deed, ground, step)
    disk = FaultyDisk(step, fault)
    with suppress(PackageError):
        deed(ground, disk)
    return not disk.has_failed


def _was_not_killed(deed: Deed, ground: Ground, step: int) -> bool:
    """Do it in a child, which kills itself."""
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            deed(ground, FaultyDisk(step, Fault.KILL))
            os._exit(0)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return False
    assert os.WEXITSTATUS(status) == 0
    return True
