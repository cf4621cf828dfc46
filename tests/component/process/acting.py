"""What the tests of processes have in common: programs to start, and waits that have an end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from runtime_manager.model.endpoint import TcpEndpoint
from runtime_manager.process import tree
from runtime_manager.process.spawn import Child, Launch, spawn

T = TypeVar("T")

FAKE = Path(__file__).parents[2] / "providers" / "fake" / "fake_provider.py"
WAIT_S = 10.0
"""Longer than anything here takes: what waits this long has failed."""


def program(*argv: str, env: Mapping[str, str] | None = None, **more: object) -> Launch:
    """A program by its words; `more` are the fields of Launch."""
    cwd = more.pop("cwd", Path("/"))
    given = {"PATH": os.environ["PATH"], **(env or {})}
    return Launch(tuple(argv), given, cwd, **more)  # type: ignore[arg-type]


def shell(script: str, *argv: str, **more: object) -> Launch:
    return program("/bin/sh", "-c", script, "sh", *argv, **more)  # type: ignore[arg-type]


def python(code: str, *argv: str, **more: object) -> Launch:
    return program(sys.executable, "-I", "-S", "-c", code, *argv, **more)  # type: ignore[arg-type]


def fake(*flags: str, **more: object) -> Launch:
    return program(sys.executable, "-I", "-S", str(FAKE), *flags, **more)  # type: ignore[arg-type]


@asynccontextmanager
async def started(launch: Launch) -> AsyncIterator[Child]:
    """A child that is killed and reaped at the end, whatever happened."""
    child = spawn(launch)
    try:
        yield child
    finally:
        child.signal_group(signal.SIGKILL)
        await soon(child.wait())
        child.close_stdin()
        child.close_output()


async def soon(awaited: Awaitable[T]) -> T:
    """The result, or a failed test."""
    return await asyncio.wait_for(awaited, WAIT_S)


async def first_line(child: Child) -> str:
    """The first line of its standard output."""
    return (await lines(child, 1))[0]


async def lines(child: Child, count: int) -> list[str]:
    """The first lines of its standard output."""
    return await soon(asyncio.to_thread(_lines, child.stdout, count))


async def everything(handle: int) -> bytes:
    """All that comes out of a pipe until its end."""
    return await soon(asyncio.to_thread(_everything, handle))


async def eventually(is_so: Callable[[], bool]) -> None:
    """Wait until `is_so`, for facts that no event tells us of: other processes' lives."""
    async with asyncio.timeout(WAIT_S):
        while not is_so():
            await asyncio.sleep(0.005)


async def until_listening(port: int) -> None:
    """Wait until a connection to the port is accepted."""
    async with asyncio.timeout(WAIT_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.005)
            else:
                writer.close()
                await writer.wait_closed()
                return


def told_endpoint(line: str) -> TcpEndpoint:
    """From `LISTENING host:port`."""
    host, _, port = line.split()[1].rpartition(":")
    return TcpEndpoint(host, int(port))


def is_alive(pid: int) -> bool:
    found = tree.kin(pid)
    return found is not None and found.state != "Z"


def end(pid: int) -> None:
    """For the test's own clean-up."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def open_descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


def _lines(handle: int, count: int) -> list[str]:
    got = b""
    while got.count(b"\n") < count:
        data = os.read(handle, 1)
        if not data:
            break
        got += data
    return got.decode().splitlines()


def _everything(handle: int) -> bytes:
    got = b""
    while data := os.read(handle, 65536):
        got += data
    return got
