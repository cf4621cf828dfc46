"""The client that probes use, against raw servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from runtime_manager.errors import ConnectError, ProtocolError
from runtime_manager.http1.client import Connection
from runtime_manager.model.endpoint import TcpEndpoint, UnixEndpoint

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
async def server(tmp_path) -> AsyncIterator[Callable[..., Awaitable]]:
    """Starts a server whose connections run one script, until their client is gone."""
    servers, tasks = [], set()

    async def start(script: Serve, *, on_unix: bool = False):
        async def serve(reader, writer) -> None:
            tasks.add(asyncio.current_task())
            try:
                await script(reader, writer)
                await reader.read()
            except (OSError, EOFError):
                pass
            finally:
                writer.transport.abort()

        if on_unix:
            servers.append(await asyncio.start_unix_server(serve, tmp_path / "s"))
            return UnixEndpoint(tmp_path / "s")
        servers.append(await asyncio.start_server(serve, "127.0.0.1", 0))
        return TcpEndpoint(*servers[-1].sockets[0].getsockname())

    yield start
    for one in servers:
        one.close()
    await asyncio.gather(*tasks)
    await asyncio.sleep(0)


def says(response: bytes, *, then_closes: bool = False) -> Serve:
    async def script(reader, writer) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(response)
            if then_closes:
                writer.close()
                return

    return script


@pytest.fixture
async def ask(server):
    """One request to a server that answers with these bytes; the answer and the connection."""
    opened = []

    async def run(response: bytes, *, then_closes=False, method=b"GET", **options):
        endpoint = await server(says(response, then_closes=then_closes))
        connection = await Connection.open(endpoint, timeout_s=5)
        opened.append(connection)
        answer = await connection.request(method, b"/h", [], timeout_s=5, **options)
        return answer, connection

    yield run
    for connection in opened:
        connection.close()


async def test_an_answer_is_read_and_the_connection_used_again(ask):
    answer, connection = await ask(b"HTTP/1.1 200 Fine\r\nContent-Length: 2\r\n\r\nok")
    assert (answer.status, answer.reason, answer.body) == (200, "Fine", b"ok")
    assert connection.is_reusable
    assert (await connection.request(b"GET", b"/h", [], timeout_s=5)).body == b"ok"


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
        b"HTTP/1.1 103 E\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ],
)
async def test_chunks_and_interim_answers_are_understood(ask, response):
    answer, connection = await ask(response)
    assert (answer.status, answer.reason, answer.body) == (200, "OK", b"ok")
    assert connection.is_reusable


async def test_a_body_may_end_with_the_connection(ask):
    answer, connection = await ask(b"HTTP/1.0 200 OK\r\n\r\nok", then_closes=True)
    assert answer.body == b"ok"
    assert not connection.is_reusable


async def test_head_waits_for_no_body(ask):
    response = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
    answer, connection = await ask(response, method=b"HEAD")
    assert answer.body == b""
    assert (await connection.request(b"HEAD", b"/", [], timeout_s=5)).status == 200


async def test_a_long_body_is_cut_at_the_limit(ask):
    answer, connection = await ask(
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n" + b"x" * 100, body_limit_bytes=10
    )
    assert answer.body == b"x" * 10
    assert not connection.is_reusable


async def test_a_peer_that_closes_ends_reuse(ask):
    _, connection = await ask(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    assert not connection.is_reusable
    with pytest.raises(ConnectError):
        await connection.request(b"GET", b"/", [], timeout_s=5)


@pytest.mark.parametrize(
    "garbage",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\nZ: 1\r\n\r\n",
        b"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    ],
)
async def test_what_is_not_an_answer_is_an_error(ask, garbage):
    with pytest.raises(ProtocolError):
        await ask(garbage)


async def test_an_answer_cut_short_is_an_error(ask):
    with pytest.raises(ProtocolError, match="short"):
        await ask(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", then_closes=True)


async def test_a_connection_closed_without_an_answer_is_an_error(ask):
    with pytest.raises(ConnectError):
        await ask(b"", then_closes=True)


async def test_the_request_is_plain_and_has_a_host(server):
    heads: asyncio.Queue[bytes] = asyncio.Queue()

    async def script(reader, writer) -> None:
        while True:
            heads.put_nowait(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 204 No\r\n\r\n")

    endpoint = await server(script)
    connection = await Connection.open(endpoint, timeout_s=5)
    await connection.request(b"GET", b"/h?x", [(b"X-A", b"1")], timeout_s=5)
    await connection.request(b"GET", b"/", [(b"HOST", b"own")], timeout_s=5)
    assert await heads.get() == (
        b"GET /h?x HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nX-A: 1\r\n\r\n" % endpoint.port
    )
    assert await heads.get() == b"GET / HTTP/1.1\r\nHOST: own\r\n\r\n"
    connection.close()


async def test_a_unix_socket_is_asked_the_same_way(server):
    answers = says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    endpoint = await server(answers, on_unix=True)
    connection = await Connection.open(endpoint, timeout_s=5)
    assert (await connection.request(b"GET", b"/", [], timeout_s=5)).body == b"ok"
    connection.close()


async def test_nobody_there_is_a_connect_error(listening, tmp_path):
    port = listening.getsockname()[1]
    listening.close()
    with pytest.raises(ConnectError, match="refused"):
        await Connection.open(TcpEndpoint("127.0.0.1", port), timeout_s=5)
    with pytest.raises(ConnectError):
        await Connection.open(UnixEndpoint(tmp_path / "none"), timeout_s=5)


async def test_a_slow_answer_times_out_and_nothing_is_left(server):
    async def script(reader, writer) -> None:
        await reader.readuntil(b"\r\n\r\n")

    connection = await Connection.open(await server(script), timeout_s=5)
    with pytest.raises(TimeoutError):
        await connection.request(b"GET", b"/", [], timeout_s=0.05)
    assert not connection.is_reusable


async def test_a_cancelled_request_leaves_nothing(server):
    asked = asyncio.Event()

    async def script(reader, writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()

    connection = await Connection.open(await server(script), timeout_s=5)
    request = asyncio.ensure_future(connection.request(b"GET", b"/", [], timeout_s=60))
    await asked.wait()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert not connection.is_reusable
