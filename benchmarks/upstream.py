"""A provider that is no bottleneck: answers each GET with the same 1 KiB, on uvloop's loop."""

import asyncio
import sys
from typing import cast

import uvloop

_BODY = b"x" * 1024
_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n"
    b"Cache-Control: no-cache\r\n\r\n%s" % (len(_BODY), _BODY)
)


class Answering(asyncio.Protocol):
    """Counts the ends of heads, since a GET has no body."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        *heads, self._rest = (self._rest + data).split(b"\r\n\r\n")
        if heads and self._transport is not None:
            self._transport.write(_ANSWER * len(heads))


async def main() -> None:
    """Serve until the process ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Answering, "127.0.0.1", int(sys.argv[1]), backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
