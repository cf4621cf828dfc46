"""A gateway between real sockets: raw providers that say what they are told to, raw clients."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httptools
import pytest

try:
    import uvloop
except ImportError:  # plain asyncio must do as well
    uvloop = None

from runtime_manager.gateway.access import Access
from runtime_manager.gateway.gateway import Gateway
from runtime_manager.gateway.limits import GatewayLimits
from runtime_manager.gateway.routes import Audience, Gate, Route, RouteTable
from runtime_manager.model.endpoint import Endpoint, TcpEndpoint, UnixEndpoint

WAIT_S = 10.0
TOKEN = "t0ken-of-the-tests"
HEADS_ONLY = frozenset({"test_access", "test_paths", "test_request_headers"})

Script = Callable[["Line"], Awaitable[None]]


@dataclass
class Line:
    """One connection as a provider, or a client, sees it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def head(self) -> bytes:
        return await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), WAIT_S)

    async def exactly(self, count: int) -> bytes:
        return await asyncio.wait_for(self.reader.readexactly(count), WAIT_S)

    async def until(self, mark: bytes) -> bytes:
        return await asyncio.wait_for(self.reader.readuntil(mark), WAIT_S)

    async def rest(self) -> bytes:
        return await asyncio.wait_for(self.reader.read(), WAIT_S)

    async def ended(self) -> bytes:
        """What comes until the peer is gone, by a close or by a reset."""
        got = b""
        try:
            while data := await asyncio.wait_for(self.reader.read(65536), WAIT_S):
                got += data
        except ConnectionError:
            pass
        return got

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await asyncio.wait_for(self.writer.drain(), WAIT_S)

    def close(self) -> None:
        self.writer.close()

    def abort(self) -> None:
        self.writer.transport.abort()


@dataclass
class Provider:
    """A server whose every connection runs one script; it keeps the heads it was sent."""

    endpoint: Endpoint
    lines: asyncio.Queue[Line] = field(default_factory=asyncio.Queue)
    connections: int = 0

    async def accepted(self) -> Line:
        return await asyncio.wait_for(self.lines.get(), WAIT_S)


@dataclass
class Recorder:
    """The gateway's observer: keeps what it is told."""

    revisions: list[int] = field(default_factory=list)
    woken: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    settlements: asyncio.Queue[tuple[str, int]] = field(default_factory=asyncio.Queue)
    notes: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def acknowledged(self, revision: int) -> None:
        self.revisions.append(revision)

    def wake(self, code: str) -> None:
        self.woken.put_nowait(code)

    def settled(self, code: str, generation: int) -> None:
        self.settlements.put_nowait((code, generation))

    def note(self, event: str, **fields: object) -> None:
        self.notes.append((event, fields))


@dataclass
class Answer:
    """A parsed response; header names are as they came."""

    status: int
    reason: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes
    trailers: list[tuple[bytes, bytes]]

    def all(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def __getitem__(self, name: bytes) -> bytes:
        (value,) = self.all(name)
        return value


class _Parsed:
    def __init__(self, *, is_head: bool) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.headers: list[tuple[bytes, bytes]] = []
        self.trailers: list[tuple[bytes, bytes]] = []
        self.reason = self.body = b""
        self.is_head = is_head
        self.in_head = True
        self.is_done = False

    def wanted(self) -> int:
        """How much may be read at once without reading too far."""
        lengths = [int(v) for name, v in self.headers if name.lower() == b"content-length"]
        return 1 if self.in_head or not lengths else lengths[0] - len(self.body)

    def on_message_begin(self) -> None:
        self.headers, self.reason, self.in_head = [], b"", True

    def on_status(self, data: bytes) -> None:
        self.reason += data

    def on_header(self, name: bytes, value: bytes) -> None:
        (self.headers if self.in_head else self.trailers).append((name, value))

    def on_headers_complete(self) -> None:
        self.in_head = False
        self.is_done = self.is_head and self.parser.get_status_code() >= 200

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        self.is_done = self.parser.get_status_code() >= 200


class Client(Line):
    """A client that sends bytes as they are given."""

    async def answer(self, *, is_head: bool = False) -> Answer:
        """The next final answer; what follows it stays to be read."""
        parsed = _Parsed(is_head=is_head)
        while not parsed.is_done:
            data = await asyncio.wait_for(self.reader.read(parsed.wanted()), WAIT_S)
            if not data:
                break
            parsed.parser.feed_data(data)
        status = parsed.parser.get_status_code()
        return Answer(status, parsed.reason, parsed.headers, parsed.body, parsed.trailers)

    async def ask(self, request: bytes, *, is_head: bool = False) -> Answer:
        await self.send(request)
        return await self.answer(is_head=is_head)


class Bench:
    """Builds what a test needs, and takes it down."""

    def __init__(self, stack: AsyncExitStack, tmp_path: Path) -> None:
        self._stack = stack
        self._tmp_path = tmp_path
        self._revision = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.recorder = Recorder()
        self.gateway: Gateway
        self.port = 0

    async def open(
        self,
        *routes: Route,
        limits: GatewayLimits | None = None,
        hosts: frozenset[str] = frozenset(),
        allowed_origins: frozenset[str] = frozenset(),
    ) -> None:
        """Start the gateway on a free port with these routes."""
        sock = self._stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self.port = sock.getsockname()[1]
        self.access = Access(
            TOKEN, b"k" * 32, "tests", self.port, hosts=hosts, allowed_origins=allowed_origins
        )
        self.gateway = Gateway(
            limits or GatewayLimits(), access=self.access, observer=self.recorder
        )
        await self.gateway.start(sock)
        self._stack.push_async_callback(self.gateway.close)
        self.publish(*routes)

    def route(self, provider: Provider | None = None, **fields: object) -> Route:
        """An open route `/ns` to a provider; anybody may use it unless fields say otherwise."""
        values: dict[str, object] = {
            "prefix": "/ns",
            "code": "cool",
            "gate": Gate.OPEN,
            "endpoint": provider.endpoint if provider else None,
            "generation": 1,
            "audience": Audience.ANYONE,
            "name": "cool",
        }
        return Route(**{**values, **fields})  # type: ignore[arg-type]

    def publish(self, *routes: Route) -> None:
        self._revision += 1
        self.gateway.publish(RouteTable(self._revision, routes))

    async def provider(self, script: Script | None = None, *, on_unix: bool = False) -> Provider:
        """Start a provider; without a script its connections are the test's to serve."""
        provider = Provider(TcpEndpoint("127.0.0.1", 1))

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            provider.connections += 1
            self._tasks.add(task := asyncio.current_task())  # type: ignore[arg-type]
            task.add_done_callback(self._tasks.discard)  # type: ignore[union-attr]
            line = Line(reader, writer)
            if script is None:
                self._stack.callback(line.abort)
                provider.lines.put_nowait(line)
                return
            try:
                await script(line)
            except (OSError, EOFError, asyncio.CancelledError):
                pass  # the gateway, or the end of the test, has cut it short
            finally:
                writer.transport.abort()

        if on_unix:
            path = self._tmp_path / "provider.sock"
            server = await asyncio.start_unix_server(serve, path)
            provider.endpoint = UnixEndpoint(path)
        else:
            server = await asyncio.start_server(serve, "127.0.0.1", 0)
            provider.endpoint = TcpEndpoint("127.0.0.1", server.sockets[0].getsockname()[1])
        self._stack.callback(server.close)
        return provider

    async def end_scripts(self) -> None:
        """End the scripts that still run."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def client(self) -> Client:
        """Connect a client."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        client = Client(reader, writer)
        self._stack.callback(client.abort)
        return client

    async def ask(self, request: bytes, *, is_head: bool = False) -> Answer:
        """One request on a connection of its own; `@@` in it stands for host:port."""
        client = await self.client()
        answer = await client.ask(self.filled(request), is_head=is_head)
        client.close()
        return answer

    async def get(self, path: bytes, *lines: bytes, host: bytes = b"@@") -> Answer:
        """GET a path."""
        head = b"\r\n".join([b"GET %b HTTP/1.1" % path, b"Host: " + host, *lines, b"", b""])
        return await self.ask(head)

    def filled(self, request: bytes) -> bytes:
        return request.replace(b"@@", b"127.0.0.1:%d" % self.port).replace(
            b"@port", b"%d" % self.port
        )


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Every test runs on both loops, but for those in which only heads differ."""
    factories: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {}
    if uvloop is not None:
        factories["uvloop"] = uvloop.new_event_loop
    if uvloop is None or item.path.stem not in HEADS_ONLY:
        factories["asyncio"] = asyncio.new_event_loop
    return factories


@pytest.fixture
def echo() -> Script:
    """A provider that answers every request with the head and body it got, for ever."""

    async def script(line: Line) -> None:
        while True:
            head = await line.head()
            length = re.search(rb"(?im)^content-length: (\d+)\r$", head)
            body = await line.exactly(int(length[1])) if length else b""
            if re.search(rb"(?im)^transfer-encoding: chunked\r$", head):
                body = await line.until(b"0\r\n")
                body += await line.until(b"\r\n")
                while not body.endswith(b"\r\n\r\n"):
                    body += await line.until(b"\r\n")
            answer = head + body
            is_head = head.startswith(b"HEAD ")
            await line.send(
                b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b"
                % (len(answer), b"" if is_head else answer)
            )

    return script


@pytest.fixture
def says() -> Callable[[bytes], Script]:
    """Makes a provider that answers every request's head with these bytes."""

    def make(response: bytes, *, then_closes: bool = False) -> Script:
        async def script(line: Line) -> None:
            while True:
                await line.head()
                await line.send(response)
                if then_closes:
                    line.close()
                    await line.writer.wait_closed()
                    return

        return script

    return make


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        bench = Bench(stack, tmp_path)
        stack.push_async_callback(bench.end_scripts)
        yield bench
    await asyncio.sleep(0)  # transports that were aborted are closed in the loop's next turn
    await asyncio.sleep(0)
