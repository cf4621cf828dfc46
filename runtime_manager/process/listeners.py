"""Who listens on a port: one of ours, a stranger, or nobody."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import psutil

from runtime_manager.process.tree import IS_PROC, PROC

_LISTEN = "0A"  # TCP_LISTEN in /proc/net/tcp (proc(5))
_REACHED_BY_LOOPBACK = frozenset(
    {
        "0100007F",  # 127.0.0.1
        "00000000",  # 0.0.0.0
        "0" * 32,  # ::
        "0" * 24 + "01000000",  # ::1
        "0" * 16 + "FFFF0000" + "0100007F",  # ::ffff:127.0.0.1
    }
)
"""Local addresses that answer a connection to loopback, as the kernel prints them."""


class Ownership(Enum):
    """What is known of a port's listener."""

    NOBODY = "nobody"
    OURS = "ours"
    STRANGER = "stranger"


def owner_of(port: int, *, pids: Collection[int]) -> Ownership:
    """Whether a process of `pids` listens on `port`, somebody else, or nobody.

    Where a listener exists that no process of `pids` holds open, it is a stranger's.
    """
    if not IS_PROC:
        return _owner_by_psutil(port, pids)
    inodes = set(_listening_inodes(port))
    if not inodes:
        return Ownership.NOBODY
    held = {inode for pid in pids for inode in _socket_inodes(pid)}
    return Ownership.OURS if inodes <= held else Ownership.STRANGER


def _listening_inodes(port: int) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        try:
            text = (PROC / "net" / table).read_text(encoding="ascii")
        except OSError:
            continue
        yield from parse_listening(text, port)


def parse_listening(table: str, port: int) -> Iterator[str]:
    """The socket inodes that listen on `port`, from the text of /proc/net/tcp or tcp6."""
    suffix = f":{port:04X}"
    for line in table.splitlines()[1:]:
        if suffix not in line:
            continue
        fields = line.split()
        address, _, _ = fields[1].partition(":")
        is_there = fields[1].endswith(suffix) and address in _REACHED_BY_LOOPBACK
        if is_there and fields[3] == _LISTEN:
            yield fields[9]


def _socket_inodes(pid: int) -> Iterator[str]:
    folder = PROC / str(pid) / "fd"
    try:
        names = os.listdir(folder)  # noqa: PTH208  # names only, and fast
    except OSError:
        return
    for name in names:
        link = _link(folder / name)
        if link.startswith("socket:["):
            yield link[8:-1]


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""


def _owner_by_psutil(port: int, pids: Collection[int]) -> Ownership:
    owners = {
        pid
        for pid in psutil.pids()
        for one in _connections(pid)
        if one.status == psutil.CONN_LISTEN and one.laddr.port == port
    }
    if not owners:
        return Ownership.NOBODY
    return Ownership.OURS if owners <= set(pids) else Ownership.STRANGER


def _connections(pid: int) -> list[Any]:
    try:
        return psutil.Process(pid).net_connections("tcp")
    except psutil.Error:
        return []
