"""Who listens on a port: one of ours, a stranger, or nobody; and where a program listens."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from typing import Any, NamedTuple

import psutil

from runtime_manager.process import socket_diag, tree

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_LISTEN = "0A"  # TCP_LISTEN in /proc/net/tcp (proc(5))


class Ownership(Enum):
    """What is known of a port's listener."""

    NOBODY = "nobody"
    OURS = "ours"
    STRANGER = "stranger"


class Listener(NamedTuple):
    """A listening socket: its local address as the kernel prints it, its inode and its port."""

    address: str
    inode: str
    port: int

    @property
    def ip(self) -> IPAddress:
        """Its local address; of one of IPv4 in IPv6's dress (RFC 4291, 2.5.5.2) IPv4's."""
        words = (self.address[at : at + 8] for at in range(0, len(self.address), 8))
        packed = b"".join(int(word, 16).to_bytes(4, sys.byteorder) for word in words)
        found = ipaddress.ip_address(packed)
        return getattr(found, "ipv4_mapped", None) or found


def owner_of(
    port: int,
    *,
    pids: Iterable[int],
    host: str = "127.0.0.1",
    listeners: Sequence[Listener] | None = None,
) -> Ownership:
    """Whether a process of `pids` answers connections to `host` and `port`, or who else.

    `pids` are asked for only as far as is needed. Where another listens beside ours (SO_REUSEPORT)
    it is a stranger's, since either may be given the next connection. `listeners` are those on the
    port, where they have just been looked for.
    """
    if not tree.IS_PROC:
        return owner_by_psutil(port, set(pids))
    sought = answering(listening_on(port) if listeners is None else listeners, host)
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


def exposed(listeners: Iterable[Listener]) -> str | None:
    """The address of one that other machines may reach; None without one."""
    return next((str(one.ip) for one in listeners if not one.ip.is_loopback), None)


def places_of(pids: Iterable[int]) -> list[str]:
    """Where the processes of `pids` listen, as `127.0.0.1:80` or `[::1]:80`, each place once.

    Looks at all their descriptors: for telling a person, not for asking often.
    """
    if not tree.IS_PROC:
        return sorted({_place(host, port) for pid in pids for host, port in _places(pid)})
    ours = {inode for pid in pids for inode in _socket_inodes(pid)}
    return sorted({_place(str(one.ip), one.port) for one in listening_on(0) if one.inode in ours})


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


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
    """All sockets that listen on `port` (0: on any), whatever the address."""
    try:
        found = socket_diag.listening(port)
    except (OSError, AttributeError):
        return listening_by_proc(port)
    return [Listener(_printed(one.address), str(one.inode), one.port) for one in found]


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
    suffix = f":{port:04X}" if port else ""
    for line in table:
        fields = line.split(None, 10)
        if fields[0] == "sl":
            continue
        if fields[3] != _LISTEN:
            return
        if fields[1].endswith(suffix):
            address, _, at = fields[1].partition(":")
            yield Listener(address, fields[9], int(at, 16))


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
    return (pid for pid in psutil.pids() for _, at in _places(pid) if at == port)


def _places(pid: int) -> Iterator[tuple[str, int]]:
    """Host and port of each listening socket of a process, where there is no /proc."""
    for one in _connections(pid):
        if one.status == psutil.CONN_LISTEN:
            yield one.laddr.ip, one.laddr.port


def _connections(pid: int) -> list[Any]:
    try:
        return psutil.Process(pid).net_connections("tcp")
    except psutil.Error:
        return []
