"""Seeing who listens where, without asking them."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from runtime_manager.process.lookout import Lookout
from runtime_manager.process.ports import reserve

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks over netlink")


@pytest.fixture
def lookout() -> Iterator[Lookout]:
    one = Lookout()
    yield one
    one.close()


@contextmanager
def listener(host: str = "127.0.0.1") -> Iterator[tuple[socket.socket, int]]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as sock:
        yield sock, sock.getsockname()[1]


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::1", "::"])
def test_a_listener_is_seen_whatever_its_address(lookout: Lookout, host: str) -> None:
    with listener(host) as (_, port):
        seen = lookout.look({port})
        assert seen is not None
        assert [len(one.sockets) for one in seen.values()] == [1]
        assert not seen[port].is_crowded


def test_a_port_that_is_only_held_is_nobodys(lookout: Lookout) -> None:
    held = reserve()
    assert lookout.look({held.port}) == {}
    held.release()


def test_one_look_does_for_many_and_tells_of_no_others(lookout: Lookout) -> None:
    socks = [socket.create_server(("127.0.0.1", 0)) for _ in range(200)]
    ports = {sock.getsockname()[1] for sock in socks}
    with listener():
        seen = lookout.look(ports)
    for sock in socks:
        sock.close()
    assert seen is not None
    assert seen.keys() == ports
    assert len(set.union(*(set(one.sockets) for one in seen.values()))) == 200


def test_another_listener_on_the_same_port_looks_different(lookout: Lookout) -> None:
    with listener() as (_, port):
        first = lookout.look({port})
    with socket.create_server(("127.0.0.1", port)):
        assert lookout.look({port}) != first


def test_connections_that_nobody_accepts_are_seen(lookout: Lookout) -> None:
    with listener() as (sock, port), socket.create_connection(("127.0.0.1", port)):
        seen = lookout.look({port})
        assert seen is not None
        assert seen[port].is_crowded
        accepted, _ = sock.accept()
        accepted.close()
        seen = lookout.look({port})
        assert seen is not None
        assert not seen[port].is_crowded


def test_it_looks_again_after_it_was_closed(lookout: Lookout) -> None:
    with listener() as (_, port):
        lookout.close()
        lookout.close()
        assert lookout.look({port})
