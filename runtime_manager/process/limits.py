"""How a provider's limits are kept: by its cgroup, by rlimits, or not, which is said. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from runtime_manager.errors import SpawnError
from runtime_manager.model.manifest import Limits
from runtime_manager.process.cgroup import Delegation, Refusal, missing
from runtime_manager.process.spawn import Rlimits

_PERIOD_US = 100_000
_NEEDS = {"processes": "pids", "cpu": "cpu"}


@dataclass(frozen=True, slots=True)
class Bounds:
    """What holds a program to its limits: `files` of its cgroup, and rlimits of each process."""

    rlimits: Rlimits
    files: Mapping[str, str] = field(default_factory=dict)


def bounds_of(limits: Limits, found: Delegation | Refusal) -> Bounds:
    """The bounds that keep `limits`. Raises SpawnError for what cannot be kept here.

    Without the controller, memory is held by RLIMIT_DATA: of each process, not of all together.
    """
    for name, controller in _NEEDS.items():
        if getattr(limits, name) is not None and controller not in found.controllers:
            raise SpawnError(
                f"limits.{name} cannot be kept here: {missing(found)}",
                is_permanent=True,
                hint="run the daemon as a service with Delegate=yes (rtm service install),"
                " or take the limit out",
                kind="limit-refused",
            )
    files = {}
    if limits.processes is not None:
        files["pids.max"] = str(limits.processes)
    if limits.cpu is not None:
        files["cpu.max"] = f"{max(1000, round(limits.cpu * _PERIOD_US))} {_PERIOD_US}"
    by_cgroup = "memory" in found.controllers and limits.memory_bytes is not None
    if by_cgroup:
        files["memory.max"] = str(limits.memory_bytes)
    data_bytes = None if by_cgroup else limits.memory_bytes
    return Bounds(Rlimits(data_bytes=data_bytes, open_files=limits.open_files), files)
