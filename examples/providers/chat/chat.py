"""A chat room: what one says, all hear. The page, its element, and the WebSocket at `ws`."""

import asyncio
import json
import signal
import sys
from pathlib import Path
from urllib.parse import urlsplit

from websocket import GOING_AWAY, WebSocket, accept_key, is_valid_key

FOLDER = Path(__file__).parent
FILES = {
    "/": (FOLDER / "index.html", "text/html; charset=utf-8"),
    "/chat.js": (FOLDER / "assets" / "chat.js", "text/javascript; charset=utf-8"),
}
QUEUE_SIZE = 100  # a reader that falls further behind is let go


class Room:
    """Who is here. Each has a queue of its own, so that a slow reader holds up nobody."""

    def __init__(self) -> None:
        self._queues: dict[WebSocket, asyncio.Queue[str | None]] = {}

    async def stay(self, socket: WebSocket) -> None:
        """Let `socket` take part until it leaves."""
        queue: asyncio.Queue[str | None] = asyncio.Queue(QUEUE_SIZE)
        self._queues[socket] = queue
        self._tell_count()
        speaking = asyncio.create_task(self._speak(socket, queue))
        try:
            while (text := await socket.receive()) is not None:
                self._tell(json.dumps({"type": "said", "text": text}))
        finally:
            del self._queues[socket]
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)
            self._tell_count()

    def dismiss(self) -> None:
        """Close every connection with 1001, going away."""
        for queue in self._queues.values():
            self._put(queue, None)

    def _tell_count(self) -> None:
        self._tell(json.dumps({"type": "here", "count": len(self._queues)}))

    def _tell(self, text: str) -> None:
        for queue in self._queues.values():
            self._put(queue, text)

    def _put(self, queue: asyncio.Queue[str | None], text: str | None) -> None:
        if queue.full():
            queue.get_nowait()
            text = None
        queue.put_nowait(text)

    async def _speak(self, socket: WebSocket, queue: asyncio.Queue[str | None]) -> None:
        while (text := await queue.get()) is not None:
            await socket.send(text)
        await socket.close(GOING_AWAY)


def reply(status: str, kind: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode() + body


def parse(head: bytes) -> tuple[str, str, dict[str, str]]:
    """Split a request's head into method, path and lower-case headers."""
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _version = first.split(" ")
    headers = {}
    for line in filter(None, lines):
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return method, target.partition("?")[0], headers


def refusal(headers: dict[str, str]) -> bytes | None:
    """Say why this is no WebSocket request; None when it is one."""
    if headers.get("upgrade", "").lower() != "websocket":
        return reply("426 Upgrade Required", "text/plain", b"a WebSocket is expected\n")
    if headers.get("sec-websocket-version") != "13":
        return reply("400 Bad Request", "text/plain", b"WebSocket version 13 is expected\n")
    if not is_valid_key(headers.get("sec-websocket-key", "")):
        return reply("400 Bad Request", "text/plain", b"bad Sec-WebSocket-Key\n")
    # A browser sends the page's origin, and lets every page connect: refusing is up to us.
    origin = headers.get("origin")
    if origin and urlsplit(origin).netloc != headers.get("host"):
        return reply("403 Forbidden", "text/plain", b"not from that page\n")
    return None


def page(method: str, path: str) -> bytes:
    if method != "GET":
        return reply("405 Method Not Allowed", "text/plain", b"only GET\n")
    if path == "/health":
        return reply("200 OK", "text/plain", b"ok\n")
    if path not in FILES:
        return reply("404 Not Found", "text/plain", b"not here\n")
    file, kind = FILES[path]
    return reply("200 OK", kind, file.read_bytes())


async def serve(room: Room, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request, or keep one WebSocket until it ends."""
    try:
        method, path, headers = parse(await reader.readuntil(b"\r\n\r\n"))
        refused = refusal(headers) if path == "/ws" else page(method, path)
        if refused is not None:
            writer.write(refused)
        else:
            key = accept_key(headers["sec-websocket-key"])
            head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            head += f"Connection: Upgrade\r\nSec-WebSocket-Accept: {key}\r\n\r\n"
            writer.write(head.encode())
            await room.stay(WebSocket(reader, writer))
        await writer.drain()
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, ValueError):
        pass  # it left, or does not speak HTTP
    finally:
        writer.close()


async def main(host: str, port: int) -> None:
    room = Room()
    serving: set[asyncio.Task[None]] = set()
    stopping = asyncio.Event()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(serve(room, reader, writer))
        serving.add(task)
        task.add_done_callback(serving.discard)

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    server = await asyncio.start_server(accept, host, port)
    await stopping.wait()
    server.close()
    room.dismiss()
    if serving:  # each peer answers our close frame; one that does not is cut off
        await asyncio.wait(serving, timeout=1)
    for task in serving:
        task.cancel()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
