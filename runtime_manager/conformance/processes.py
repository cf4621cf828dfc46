"""The processes of a running provider: where they listen, and whether they are gone."""

from __future__ import annotations

import ipaddress
import signal
from collections.abc import Iterable
from dataclasses import dataclass

import psutil

from runtime_manager.process import tree


@dataclass(frozen=True, slots=True)
class Member:
    """One process; its pid alone names nothing for long."""

    pid: int
    started_at: float
    name: str

    def __str__(self) -> str:
        return f"{self.name} (pid {self.pid})"

    @property
    def is_running(self) -> bool:
        """Whether it is still there, and no zombie."""
        return tree.is_running(self.pid, started_at=self.started_at)

    def kill(self) -> None:
        """SIGKILL, where it still is the same process."""
        tree.send(signal.SIGKILL, self.pid, started_at=self.started_at)


@dataclass(frozen=True, slots=True)
class Listener:
    """A TCP port that a process listens on."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        address = ipaddress.ip_address(self.host.partition("%")[0])
        return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def members(leader: int) -> tuple[Member, ...]:
    """The process and all that belong to it, itself first."""
    return tuple(one for pid in tree.tree_pids(leader) if (one := _member(pid)) is not None)


def kill_rest(seen: Iterable[Member]) -> tuple[Member, ...]:
    """Kill those that still live, and give them."""
    alive = tuple(one for one in seen if one.is_running)
    for one in alive:
        one.kill()
    return alive


def _member(pid: int) -> Member | None:
    started_at = tree.started_at(pid)
    try:
        return None if started_at is None else Member(pid, started_at, psutil.Process(pid).name())
    except psutil.Error:
        return None


def listeners(processes: Iterable[Member]) -> tuple[Listener, ...]:
    """Every TCP port these listen on, each address once, sorted."""
    found = {listener for one in processes for listener in _listeners_of(one.pid)}
    return tuple(sorted(found, key=lambda one: (one.port, one.host)))


def _listeners_of(pid: int) -> set[Listener]:
    try:
        connections = psutil.Process(pid).net_connections("tcp")
    except psutil.Error:
        return set()
    return {
        Listener(one.laddr.ip, one.laddr.port)
        for one in connections
        if one.status == psutil.CONN_LISTEN
    }
