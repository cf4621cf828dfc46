"""Runs the faults, a daemon for each group of them, beside providers that are well."""

from __future__ import annotations

import json
import os
import resource
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from tests.system.child import Daemon, HomeFolder, serve
from tests.system.faults import machine
from tests.system.faults.children import CHILDREN
from tests.system.faults.fault import BYSTANDERS, Fault, Outcome, Stage, observed, provoke
from tests.system.faults.packages import MANIFESTS, PROGRAMS, UNREADABLE

_ROOTS_POWERS = "--bounding-set=-dac_override,-dac_read_search"


def as_anybody() -> tuple[str, ...] | None:
    """What starts a program to which modes of files apply, for root too; None: there is no way."""
    if os.geteuid() != 0:
        return ()
    return ("setpriv", _ROOTS_POWERS) if shutil.which("setpriv") else None


@contextmanager
def stage(
    home: HomeFolder, faults: Sequence[Fault], *, under: tuple[str, ...] = ()
) -> Iterator[Stage]:
    """A daemon on `home` with the faulty ones among three that are well."""
    for code in BYSTANDERS:
        home.add(code)
    for fault in faults:
        fault.furnish(home)
    daemon = serve(home, under=under)
    try:
        daemon.wait_for(*BYSTANDERS)
        with daemon.watch() as watch:
            yield Stage(daemon, watch)
        assert daemon.stop() == 0
        assert not home.alive()
    finally:
        _end(daemon)


def of_manifests(home: HomeFolder) -> dict[Fault, Outcome]:
    """Packages that cannot be used: told from the daemon's start on."""
    under = as_anybody()
    faults = MANIFESTS if under is None else (*MANIFESTS, UNREADABLE)
    try:
        with stage(home, faults, under=under or ()) as standing:
            return {fault: _found(fault, standing) for fault in faults}
    finally:
        for folder in (home.root / "providers").iterdir():
            folder.chmod(0o700)


def _found(fault: Fault, standing: Stage) -> Outcome:
    """The time counts from when the daemon listens."""
    run = standing.daemon.home.root / "run" / "runtime.json"
    began = datetime.fromtimestamp(json.loads(run.read_text())["started_at"], UTC)
    since = datetime.fromisoformat(standing.daemon.provider(fault.code)["since"])
    return observed(fault, standing, (since - began).total_seconds())


def of_programs(home: HomeFolder) -> dict[Fault, Outcome]:
    """Programs that cannot be started."""
    with stage(home, PROGRAMS) as standing:
        return {fault: provoke(fault, standing) for fault in PROGRAMS}


def of_children(home: HomeFolder) -> dict[Fault, Outcome]:
    """Programs that start, and do not do what they should; one after the other."""
    with stage(home, CHILDREN) as standing:
        return {fault: provoke(fault, standing) for fault in CHILDREN}


def of_places(home: HomeFolder) -> dict[Fault, Outcome]:
    """What can be wrong with the place where the daemon runs."""
    under = as_anybody()
    with stage(home, ()) as standing:
        found = {machine.SECOND: machine.second(standing)}
        if under is not None:
            found[machine.READ_ONLY] = machine.read_only(standing, under)
        if hasattr(resource, "prlimit"):
            found[machine.FULL] = machine.full(standing)
        return found


GROUPS = (of_manifests, of_programs, of_children, of_places)
TITLES = {
    "Packages that cannot be used": (*MANIFESTS, UNREADABLE),
    "Programs that cannot be started": PROGRAMS,
    "Programs that do not do what they should": CHILDREN,
    "The place where the daemon runs": (machine.SECOND, machine.READ_ONLY, machine.FULL),
}
FAULTS = tuple(fault for faults in TITLES.values() for fault in faults)
"""All of the table, in its order; what a machine cannot show is left out of the outcomes."""


def _end(daemon: Daemon) -> None:
    daemon.process.kill()
    daemon.process.wait()
    assert daemon.process.stdout is not None
    daemon.process.stdout.close()
