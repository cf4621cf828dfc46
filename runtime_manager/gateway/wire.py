"""Writing to a transport with as few copies and system calls as the size of the parts allows."""

from __future__ import annotations

import asyncio
import socket
import struct

JOIN_LIMIT_BYTES = 16 * 1024
"""Parts that are larger together are written one by one: copying them costs more than a call."""
RAW_ABOVE_BYTES = 64 * 1024
"""The rest of a sized body larger than this passes without the parser looking at it."""
BUFFER_HIGH_BYTES = 256 * 1024
"""A transport that has more than this to write makes the other side stop reading."""

_RESET = struct.pack("ii", 1, 0)


def write_parts(transport: asyncio.WriteTransport, parts: list[bytes]) -> None:
    """Write the pieces of a message in order; in one write while they are small."""
    if len(parts) == 1:
        transport.write(parts[0])
    elif sum(map(len, parts)) <= JOIN_LIMIT_BYTES:
        transport.write(b"".join(parts))
    else:
        for part in parts:
            transport.write(part)


def reset(transport: asyncio.WriteTransport) -> None:
    """Abort with a TCP reset, so that the peer cannot take the end for a clean one (socket(7))."""
    sock = transport.get_extra_info("socket")
    if sock is not None and sock.family != socket.AF_UNIX and sock.fileno() >= 0:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()
