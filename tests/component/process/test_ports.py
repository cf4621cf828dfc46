"""Ports that are held for a child, and who listens on them."""

from __future__ import annotations

import errno
import os
import socket
import sys

import pytest

from runtime_manager.errors import PortTakenError
from runtime_manager.process import listeners, tree
from runtime_manager.process.listeners import Ownership, holder_of, owner_by_psutil, owner_of
from runtime_manager.process.ports import open_listener, owner_text, reserve
from runtime_manager.process.spawn import Launch
from tests.component.process.acting import (
    end,
    eventually,
    fake,
    first_line,
    is_alive,
    program,
    started,
    told_endpoint,
    until_listening,
)

_ASYNCIO = (
    "import asyncio, sys\n"
    "async def main():\n"
    "    port = int(sys.argv[1])\n"
    "    server = await asyncio.start_server(lambda r, w: w.close(), '127.0.0.1', port)\n"
    "    await server.serve_forever()\n"
)
SERVERS = {
    "http.server": ["-m", "http.server", "--bind", "127.0.0.1"],
    "asyncio": ["-c", _ASYNCIO + "asyncio.run(main())"],
    "uvloop": ["-c", _ASYNCIO + "import uvloop; uvloop.run(main())"],
}


def python_program(*argv: str) -> Launch:
    return program(sys.executable, *argv)


@pytest.mark.parametrize("kind", sorted(SERVERS))
async def test_a_child_listens_on_a_port_that_is_held_for_it(kind: str) -> None:
    held = reserve()
    async with started(python_program(*SERVERS[kind], str(held.port))) as child:
        await until_listening(held.port)
        assert owner_of(held.port, pids=tree.tree_pids(child.pid)) is Ownership.OURS
        held.release()
        held.release()


def test_a_held_port_is_given_to_nobody_who_asks_for_any() -> None:
    held = [reserve() for _ in range(20)]
    got = [socket.create_server(("127.0.0.1", 0)) for _ in range(200)]
    assert not {one.port for one in held} & {sock.getsockname()[1] for sock in got}
    for thing in (*held, *got):
        (thing.release if isinstance(thing, type(held[0])) else thing.close)()


def test_a_held_port_is_refused_to_who_does_not_share() -> None:
    held = reserve()
    with socket.socket() as stranger, pytest.raises(OSError, match=r"in use") as caught:
        stranger.bind(("127.0.0.1", held.port))
    assert caught.value.errno == errno.EADDRINUSE
    held.release()


def test_a_taken_port_names_its_owner(listening: socket.socket) -> None:
    port = listening.getsockname()[1]
    with pytest.raises(
        PortTakenError, match=rf"port {port} is in use by \S+ \(pid {os.getpid()}\)"
    ):
        reserve(port=port)
    with pytest.raises(PortTakenError):
        open_listener(port=port)


def test_a_port_that_needs_a_privilege_is_told_as_what_it_is() -> None:
    if os.geteuid() == 0:
        pytest.skip("root may bind any port")
    with pytest.raises(PermissionError):
        reserve(port=80)


def test_nobody_is_told_as_nobody() -> None:
    held = reserve()
    assert owner_of(held.port, pids={os.getpid()}) is Ownership.NOBODY
    assert holder_of(held.port) is None
    assert owner_text(held.port) == ""
    held.release()


def test_our_own_listener_is_ours_and_to_others_a_stranger_s(listening: socket.socket) -> None:
    port = listening.getsockname()[1]
    assert owner_of(port, pids={os.getpid()}) is Ownership.OURS
    assert owner_of(port, pids={1}) is Ownership.STRANGER
    assert holder_of(port) == os.getpid()


def test_the_ways_to_learn_who_listens_agree() -> None:
    servers = [socket.create_server((host, 0)) for host in ("127.0.0.1", "127.0.0.2", "0.0.0.0")]
    if socket.has_dualstack_ipv6():
        servers.append(socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True))
        servers.append(socket.create_server(("::1", 0), family=socket.AF_INET6))
    for server in servers:
        host, port = server.getsockname()[:2]
        (inode,) = listeners.answering(listeners.listening_on(port), host)
        assert os.readlink(f"/proc/self/fd/{server.fileno()}") == f"socket:[{inode}]"
        assert listeners.listening_by_proc(port) == listeners.listening_on(port)
        server.close()
        assert listeners.listening_on(port) == []


def test_psutil_tells_the_same_where_there_is_no_proc(listening: socket.socket) -> None:
    port = listening.getsockname()[1]
    assert owner_by_psutil(port, pids={os.getpid()}) is Ownership.OURS


def test_a_stranger_on_another_address_of_the_port_is_none() -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6")
    with socket.create_server(("127.0.0.1", 0)) as ours:
        port = ours.getsockname()[1]
        with socket.create_server(("127.0.0.2", port)), socket.socket(socket.AF_INET6) as other:
            other.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            other.bind(("::1", port))
            other.listen()
            assert owner_of(port, pids={os.getpid()}) is Ownership.OURS
            assert owner_of(port, pids={os.getpid()}, host="::1") is Ownership.OURS
            assert owner_of(port, pids={os.getpid()}, host="127.0.0.3") is Ownership.NOBODY


async def test_another_that_shares_the_port_makes_it_a_stranger_s() -> None:
    """With SO_REUSEPORT either may be given the next connection (socket(7))."""
    with socket.socket() as ours:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        ours.bind(("127.0.0.1", 0))
        ours.listen()
        port = ours.getsockname()[1]
        shares = (
            "import socket, sys, signal; s = socket.socket()\n"
            "s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)\n"
            "s.bind(('127.0.0.1', int(sys.argv[1]))); s.listen(); print('up', flush=True)\n"
            "signal.pause()\n"
        )
        async with started(python_program("-c", shares, str(port))) as other:
            await first_line(other)
            assert owner_of(port, pids={os.getpid()}) is Ownership.STRANGER
            assert owner_of(port, pids={os.getpid(), other.pid}) is Ownership.OURS


async def test_a_listener_of_a_child_that_lives_on_is_of_the_tree() -> None:
    """A server may fork: here the one that listens is a child, in the group of an ended leader."""
    held = reserve()
    async with started(fake("--fork-and-exit", "--port", str(held.port))) as child:
        await until_listening(held.port)
        pids = set(tree.tree_pids(child.pid))
        assert owner_of(held.port, pids=pids) is Ownership.OURS
        for pid in pids - {child.pid}:
            end(pid)
        await eventually(lambda: not any(is_alive(pid) for pid in pids - {child.pid}))
    held.release()


async def test_a_reported_endpoint_is_found_by_its_own_address() -> None:
    async with started(fake("--report", "--listen-on", "127.0.0.2:0")) as child:
        told = told_endpoint(await first_line(child))
        assert told.host == "127.0.0.2"
        assert owner_of(told.port, pids=[child.pid], host=told.host) is Ownership.OURS
        assert owner_of(told.port, pids=[child.pid]) is Ownership.NOBODY
