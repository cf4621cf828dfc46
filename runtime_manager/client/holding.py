"""A lease for as long as a context lasts, also across a daemon that hands its home over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress

from runtime_manager.client.failures import NoDaemonError, ProblemError, code_of
from runtime_manager.client.sse import Reader
from runtime_manager.client.targets import REPLACED, hold_target
from runtime_manager.client.wire import Wire
from runtime_manager.errors import DaemonEndingError, ProtocolError, RuntimeManagerError

_GRANTED_S = 30.0
_SUCCESSION_S = 120.0
_LOOK_S = 0.1

Lines = AsyncGenerator[str, None]


@asynccontextmanager
async def held(wire: Wire, name: str) -> AsyncIterator[None]:
    """Hold a lease. Raises DaemonEndingError where the daemon is about to end."""
    lines = await _granted(wire, name)
    keeper = asyncio.create_task(_keep(wire, name, lines), name=f"lease {name}")
    try:
        yield
    finally:
        keeper.cancel()
        await asyncio.wait((keeper,))


async def _granted(wire: Wire, name: str) -> Lines:
    """The stream that is a lease, past the word that it is granted."""
    lines = wire.lines(hold_target(name))
    try:
        async with asyncio.timeout(_GRANTED_S):
            await anext(lines)
    except ProblemError as error:
        if code_of(error) == DaemonEndingError.code:
            raise DaemonEndingError(error.message, hint=error.hint) from error
        raise
    except (StopAsyncIteration, TimeoutError) as exc:
        raise ProtocolError("the daemon grants no lease") from exc
    return lines


async def _keep(wire: Wire, name: str, lines: Lines) -> None:
    """Read the stream of a lease to its end, and take another of each successor."""
    current: Lines | None = lines
    while current is not None:
        reason = await _end_of(current)
        current = await _granted_by_successor(wire, name) if reason == REPLACED else None


async def _end_of(lines: Lines) -> str:
    """Why the daemon ends, once it does; empty where it is lost."""
    reader = Reader()
    async with aclosing(lines):
        with suppress(RuntimeManagerError):
            async for line in lines:
                message = reader.take(line)
                if message is not None and message.name == "ended":
                    return str(message.data.get("reason"))
    return ""


async def _granted_by_successor(wire: Wire, name: str) -> Lines | None:
    """A lease of the daemon that takes over; None where none does in good time.

    The old one holds the socket for a while yet, and says that it ends.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + _SUCCESSION_S
    while loop.time() < until:
        with suppress(NoDaemonError, ProtocolError, DaemonEndingError):
            return await _granted(wire, name)
        await asyncio.sleep(_LOOK_S)
    return None
