"""Who listens on a port: one of ours, a stranger, or nobody."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any, NamedTuple

import psutil

from runtime_manager.process import socket_diag, tree

_LISTEN = "0A"  # TCP_LISTEN in /proc/net/tcp (proc(5))


class Ownership(Enum):
    """What is known of a port's listener."""

    NOBODY = "nobody"
    OURS = "ours"
    STRANGER = "stranger"


class Listener(NamedTuple):
    """A listening socket: its local address as the kernel prints it, and its inode."""

    address: str
    inode: str


def owner_of(port: int, *, pids: Iterable[int], host: str = "127.0.0.1") -> Ownership:
    """Whether a process of `pids` answers connections to `host` and `port`, or who else.

    `pids` are asked for only as far as is needed. Where another listens beside ours (SO_REUSEPORT)
    it is a stranger's, since either may be given the next connection.
    """
    if not tree.IS_PROC:
        return owner_by_psutil(port, set(pids))
    sought = answering(listening_on(port), host)
    if not sought:
        return Ownership.NOBODY
    for pid in pids:
        sought -= _socket_inodes(pid)
        if not sought:
            return Ownership.OURS
    return Ownership.STRANGER


def holder_of(port: int, *, host: str = "127.0.0.1") -> int | None:
    """A process that answers on `port`; None when there is none, or it may not be seen.

    Looks at every process there is: for telling a person, not for asking often.
    """
    if not tree.IS_PROC:
        return next(_holders_by_psutil(port), None)
    sought = answering(listening_on(port), host)
    if not sought:
        return None
    return next((pid for pid in tree.pids() if sought & _socket_inodes(pid)), None)


def answering(listeners: Iterable[Listener], host: str) -> set[str]:
    """The inodes of those that are given a connection to `host`.

    The most particular address wins, and among sockets of any address IPv4's (ip(7), ipv6(7)).
    """
    known = list(listeners)
    for addresses in _nearest_first(host):
        found = {one.inode for one in known if one.address in addresses}
        if found:
            return found
    return set()


def _nearest_first(host: str) -> Iterator[tuple[str, ...]]:
    if ":" in host:
        yield (as_printed(host),)
    else:
        yield (as_printed(host), as_printed(f"::ffff:{host}"))
        yield (as_printed("0.0.0.0"), as_printed("::ffff:0.0.0.0"))
    yield (as_printed("::"),)


def as_printed(host: str) -> str:
    """An address as /proc/net prints it: words of four bytes in the machine's own order."""
    return _printed(socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host))


def _printed(packed: bytes) -> str:
    words = (packed[at : at + 4] for at in range(0, len(packed), 4))
    return "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)


def listening_on(port: int) -> list[Listener]:
    """All sockets that listen on `port`, whatever the address."""
    try:
        found = socket_diag.listening(port)
    except (OSError, AttributeError):
        return listening_by_proc(port)
    return [Listener(_printed(address), str(inode)) for address, inode in found]


def listening_by_proc(port: int) -> list[Listener]:
    """As `listening_on`, where netlink may not be used."""
    found: list[Listener] = []
    for table in ("tcp", "tcp6"):
        try:
            with open(f"/proc/net/{table}", encoding="ascii") as lines:  # noqa: PTH123  # fast
                found.extend(parse_listeners(lines, port))
        except OSError:
            continue
    return found


def parse_listeners(table: Iterable[str], port: int) -> Iterator[Listener]:
    """From the lines of /proc/net/tcp or tcp6: a heading, then those that listen come first.

    So the thousands of connections of a busy machine are not read.
    """
    suffix = f":{port:04X}"
    for line in table:
        fields = line.split(None, 10)
        if fields[0] == "sl":
            continue
        if fields[3] != _LISTEN:
            return
        if fields[1].endswith(suffix):
            yield Listener(fields[1][: -len(suffix)], fields[9])


def _socket_inodes(pid: int) -> set[str]:
    folder = f"/proc/{pid}/fd"
    try:
        names = os.listdir(folder)  # noqa: PTH208  # names only, and fast
    except OSError:
        return set()
    links = (_link(f"{folder}/{name}") for name in names)
    return {link[8:-1] for link in links if link.startswith("socket:[")}


def _link(path: str) -> str:
    try:
        return os.readlink(path)  # noqa: PTH115  # a path object would cost more than the call
    except OSError:
        return ""


def owner_by_psutil(port: int, pids: set[int]) -> Ownership:
    """As `owner_of`, where there is no /proc."""
    holders = set(_holders_by_psutil(port))
    if not holders:
        return Ownership.NOBODY
    return Ownership.OURS if holders <= pids else Ownership.STRANGER


def _holders_by_psutil(port: int) -> Iterator[int]:
    for pid in psutil.pids():
        for one in _connections(pid):
            if one.status == psutil.CONN_LISTEN and one.laddr.port == port:
                yield pid


def _connections(pid: int) -> list[Any]:
    try:
        return psutil.Process(pid).net_connections("tcp")
    except psutil.Error:
        return []
