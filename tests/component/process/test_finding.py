from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

from runtime_manager.model.endpoint import TcpEndpoint, UnixEndpoint
from runtime_manager.process import tree
from runtime_manager.process.finding import of_silence
from runtime_manager.process.listeners import exposed, listening_on
from runtime_manager.process.ports import reserve
from tests.component.process.acting import (
    eventually,
    fake,
    first_line,
    started,
    told_endpoint,
    until_listening,
)


def message(pid: int, endpoint: TcpEndpoint | UnixEndpoint | None) -> str:
    found = of_silence(pid, endpoint)
    return found.message if found else ""


async def test_one_that_listens_elsewhere_is_told_with_the_place() -> None:
    held = reserve()
    async with started(fake("--report")) as child:
        there = told_endpoint(await first_line(child))
        told = TcpEndpoint("127.0.0.1", held.port)
        assert message(child.pid, told) == f"it listens on {there}, not on {told} as it was told"
        assert message(child.pid, there) == ""
    held.release()


async def test_one_that_listens_nowhere_is_told_so() -> None:
    told = TcpEndpoint("127.0.0.1", 9)
    async with started(fake("--never-listen", "--echo", "up")) as child:
        await first_line(child)
        assert message(child.pid, told) == f"it listens on no port, and was told {told}"
        assert message(child.pid, None) == "it has not said where it listens"


async def test_one_that_has_not_said_where_it_listens_is_told_with_the_place() -> None:
    held = reserve()
    async with started(fake("--port", str(held.port))) as child:
        await until_listening(held.port)
        said = "it has not said where it listens, and listens on"
        assert message(child.pid, None) == f"{said} 127.0.0.1:{held.port}"
    held.release()


async def test_the_stranger_on_its_port_is_named(listening: socket.socket) -> None:
    told = TcpEndpoint("127.0.0.1", listening.getsockname()[1])
    async with started(fake("--never-listen", "--echo", "up")) as child:
        await first_line(child)
        found = message(child.pid, told)
    assert f"(pid {os.getpid()}), not by it" in found


async def test_one_that_is_stopped_by_a_signal_is_told_before_all_else() -> None:
    async with started(fake("--never-listen", "--echo", "up")) as child:
        await first_line(child)
        os.kill(child.pid, signal.SIGSTOP)
        await eventually(lambda: (found := tree.kin(child.pid)) and found.state == "T")
        assert "is stopped by a signal" in message(child.pid, None)


async def test_a_socket_that_is_not_there_is_told(tmp_path: Path) -> None:
    path = tmp_path / "s"
    async with started(fake("--never-listen", "--echo", "up")) as child:
        await first_line(child)
        assert message(child.pid, UnixEndpoint(path)) == f"there is no socket at {path}"
        path.touch()
        assert message(child.pid, UnixEndpoint(path)) == ""


def test_an_address_that_others_may_reach_is_told() -> None:
    for host, told in (("127.0.0.1", None), ("127.0.0.2", None), ("0.0.0.0", "0.0.0.0")):
        with socket.create_server((host, 0)) as server:
            assert exposed(listening_on(server.getsockname()[1])) == told
    for host, told in (("::1", None), ("::", "::")) if socket.has_ipv6 else ():
        with socket.create_server((host, 0), family=socket.AF_INET6) as server:
            assert exposed(listening_on(server.getsockname()[1])) == told
