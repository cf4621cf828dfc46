"""What a program says of itself."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from runtime_manager.process.notify import NotifySocket
from tests.component.process.acting import fake, soon, started
from tests.component.process.conftest import Run


class Heard:
    """The datagrams that came."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[frozenset[str]] = asyncio.Queue()

    async def next(self) -> frozenset[str]:
        return await soon(self.queue.get())


def say(path: Path, *datagrams: bytes) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        for datagram in datagrams:
            sock.sendto(datagram, str(path))


def test_each_datagram_is_heard_as_its_lines(run: Run, tmp_path: Path) -> None:
    async def scenario() -> None:
        heard = Heard()
        notify = NotifySocket(tmp_path / "n", heard.queue.put_nowait)
        say(tmp_path / "n", b"READY=1\nSTATUS=up and running\n", b"", b"\xff\nSTOPPING=1")
        assert await heard.next() == {"READY=1", "STATUS=up and running"}
        assert await heard.next() == set()
        assert await heard.next() == {"\ufffd", "STOPPING=1"}
        notify.close()
        notify.close()
        assert not (tmp_path / "n").exists()

    run(scenario())


async def test_a_program_says_it_is_ready(tmp_path: Path) -> None:
    heard = Heard()
    notify = NotifySocket(tmp_path / "n", heard.queue.put_nowait)
    env = {"NOTIFY_SOCKET": str(tmp_path / "n")}
    async with started(fake("--notify", "--report", env=env)):
        assert await heard.next() == {"READY=1", "STATUS=serving"}
    notify.close()


async def test_a_socket_left_by_an_earlier_daemon_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as old:
        old.bind(str(tmp_path / "n"))
    heard = Heard()
    notify = NotifySocket(tmp_path / "n", heard.queue.put_nowait)
    say(tmp_path / "n", b"READY=1")
    assert await heard.next() == {"READY=1"}
    notify.close()


async def test_a_path_that_cannot_be_had_leaves_no_socket(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="path too long"):
        NotifySocket(tmp_path / ("x" * 120), lambda _: None)


async def test_a_file_descriptor_that_is_sent_along_is_not_kept(tmp_path: Path) -> None:
    """systemd-notify --barrier waits until the descriptor it sent is closed (sd_notify(3))."""
    heard = Heard()
    notify = NotifySocket(tmp_path / "n", heard.queue.put_nowait)
    ours, theirs = socket.socketpair()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.connect(str(tmp_path / "n"))
        socket.send_fds(sock, [b"BARRIER=1"], [theirs.fileno()])
    theirs.close()
    assert await heard.next() == {"BARRIER=1"}
    ours.settimeout(5)
    assert ours.recv(1) == b""
    ours.close()
    notify.close()
