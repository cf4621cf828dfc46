"""Starting programs, and how they end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from pathlib import Path

import pytest

from runtime_manager.errors import SpawnError
from runtime_manager.process.ports import open_listener
from runtime_manager.process.spawn import Launch, Rlimits, spawn
from tests.component.process.acting import (
    eventually,
    everything,
    fake,
    first_line,
    is_alive,
    open_descriptors,
    program,
    python,
    shell,
    soon,
    started,
)
from tests.component.process.conftest import Run

_STATE = (
    "import os, json\n"
    "fds = {n: os.path.realpath(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd')}\n"
    "fds = {n: link.rpartition('/')[2] for n, link in fds.items()\n"
    "    if os.path.lexists('/proc/self/fd/' + n)}\n"
    "status = dict(line.split(':', 1) for line in open('/proc/self/status'))\n"
    "ids = [os.getpid(), os.getpgrp(), os.getsid(0)]\n"
    "print(json.dumps({'fds': fds, 'ids': ids, 'env': dict(os.environ),\n"
    "    'blocked': int(status['SigBlk'], 16), 'ignored': int(status['SigIgn'], 16)}))\n"
)


def make(path: Path, text: bytes, *, mode: int = 0o755) -> str:
    path.write_bytes(text)
    path.chmod(mode)
    return str(path)


def elf_of_another_machine() -> bytes:
    """The head of a 32-bit ELF program for S/390 (elf(5))."""
    return b"\x7fELF\x01\x02\x01" + bytes(9) + b"\x00\x02\x00\x16" + bytes(60)


async def kind_of(launch: Launch) -> tuple[str, bool]:
    with pytest.raises(SpawnError) as caught:
        spawn(launch)
    return str(caught.value.facts["kind"]), caught.value.is_permanent


@pytest.mark.parametrize("rlimits", [Rlimits(), Rlimits(open_files=64)], ids=["bare", "wrapped"])
class TestProgramsThatCannotRun:
    """Told apart, also when a shell that sets limits comes first."""

    async def test_a_missing_program_is_told(self, tmp_path: Path, rlimits: Rlimits) -> None:
        missing = program(str(tmp_path / "none"), rlimits=rlimits)
        assert await kind_of(missing) == ("binary-missing", True)

    async def test_a_path_through_a_file_is_told(self, tmp_path: Path, rlimits: Rlimits) -> None:
        file = make(tmp_path / "file", b"")
        assert await kind_of(program(f"{file}/none", rlimits=rlimits)) == ("binary-missing", True)

    async def test_a_file_without_the_bit_is_told(self, tmp_path: Path, rlimits: Rlimits) -> None:
        plain = make(tmp_path / "plain", b"#!/bin/sh\n", mode=0o644)
        assert await kind_of(program(plain, rlimits=rlimits)) == ("not-executable", True)

    async def test_a_folder_is_told(self, tmp_path: Path, rlimits: Rlimits) -> None:
        assert await kind_of(program(str(tmp_path), rlimits=rlimits)) == ("not-executable", True)

    async def test_a_missing_interpreter_is_named(self, tmp_path: Path, rlimits: Rlimits) -> None:
        script = make(tmp_path / "script", b"#!/none/such/python -u\n")
        with pytest.raises(SpawnError, match=r"interpreter /none/such/python is missing") as caught:
            spawn(program(script, rlimits=rlimits))
        assert caught.value.is_permanent
        assert caught.value.facts["kind"] == "interpreter-missing"

    async def test_a_script_without_its_first_line_is_told(
        self, tmp_path: Path, rlimits: Rlimits
    ) -> None:
        text = make(tmp_path / "text", b"echo hello\n")
        assert await kind_of(program(text, rlimits=rlimits)) == ("wrong-format", True)

    async def test_a_program_for_another_machine_is_told(
        self, tmp_path: Path, rlimits: Rlimits
    ) -> None:
        foreign = make(tmp_path / "foreign", elf_of_another_machine())
        assert await kind_of(program(foreign, rlimits=rlimits)) == ("wrong-format", True)

    async def test_a_missing_folder_is_not_blamed_on_the_program(
        self, tmp_path: Path, rlimits: Rlimits
    ) -> None:
        nowhere = shell("true", cwd=tmp_path / "gone", rlimits=rlimits)
        assert await kind_of(nowhere) == ("folder-missing", True)

    async def test_a_zero_byte_in_a_word_is_told(self, rlimits: Rlimits) -> None:
        with pytest.raises(SpawnError, match="null byte"):
            spawn(program("/bin/true", "a\0b", rlimits=rlimits))

    async def test_too_many_words_are_told(self, rlimits: Rlimits) -> None:
        words = program("/bin/true", "x" * 3_000_000, rlimits=rlimits)
        assert await kind_of(words) == ("words-too-long", True)

    async def test_a_failed_start_leaves_no_descriptor(
        self, tmp_path: Path, rlimits: Rlimits
    ) -> None:
        before = open_descriptors()
        for _ in range(3):
            await kind_of(program(str(tmp_path / "none"), rlimits=rlimits))
        assert open_descriptors() == before


def test_an_exit_code_is_told(run: Run) -> None:
    async def scenario() -> None:
        async with started(shell("exit 3")) as child:
            status = await soon(child.wait())
            assert (status.code, status.signal, status.describe()) == (3, None, "exit code 3")
            assert not child.is_alive

    run(scenario())


def test_a_signal_is_told(run: Run) -> None:
    async def scenario() -> None:
        async with started(shell("kill -SEGV $$")) as child:
            assert (await soon(child.wait())).describe() == "killed by SIGSEGV"

    run(scenario())


def test_every_waiter_is_told_and_one_may_give_up(run: Run) -> None:
    async def scenario() -> None:
        async with started(shell("read line; exit 4", has_stdin_pipe=True)) as child:
            waiters = [asyncio.ensure_future(child.wait()) for _ in range(3)]
            await asyncio.sleep(0)
            waiters[0].cancel()
            child.close_stdin()
            statuses = await soon(asyncio.gather(*waiters[1:]))
            assert [status.code for status in statuses] == [4, 4]
            assert waiters[0].cancelled()
            assert (await soon(child.wait())).code == 4

    run(scenario())


async def test_a_reaped_process_is_never_signalled() -> None:
    async with started(shell("exit 0")) as child:
        await soon(child.wait())
        assert child.signal_group(signal.SIGTERM) is False


async def test_a_zombie_leader_s_group_is_still_signalled() -> None:
    """Between its end and its reaping the pid is still its own, and its group may live."""
    async with started(shell("sleep 100 & echo $!; exit 0")) as child:
        left = int(os.read(child.stdout, 100))
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # and the loop has not turned yet
        assert child.signal_group(signal.SIGKILL) is True
        await soon(child.wait())
        assert await everything(child.stdout) == b""
        await eventually(lambda: not is_alive(left))


async def test_a_signal_reaches_the_whole_group() -> None:
    async with started(shell("sleep 100 & echo ready; wait")) as child:
        await first_line(child)
        assert child.signal_group(signal.SIGTERM) is True
        assert (await soon(child.wait())).signal == signal.SIGTERM
        assert await everything(child.stdout) == b""


async def test_closing_standard_input_is_seen_by_the_program() -> None:
    async with started(shell("cat; exit 5", has_stdin_pipe=True)) as child:
        child.close_stdin()
        child.close_stdin()
        assert (await soon(child.wait())).code == 5


async def test_a_program_gets_only_what_it_was_given(listening: socket.socket) -> None:
    """A session and group of its own, the standard descriptors, no signal blocked or ignored."""
    listening.set_inheritable(False)
    async with started(python(_STATE, env={"ONE": "1"})) as child:
        told = json.loads(await first_line(child))
        await soon(child.wait())
    assert told["ids"] == [child.pid] * 3
    assert set(told["fds"]) == {"0", "1", "2"}
    assert told["fds"]["0"] == "null"
    assert told["blocked"] == 0
    # Python itself ignores SIGPIPE and SIGXFSZ; above 31 are the C library's own.
    assert told["ignored"] & 0x7FFFFFFF & ~0x1001000 == 0
    assert set(told["env"]) <= {"PATH", "ONE", "LC_CTYPE"}


async def test_a_listening_socket_is_passed_as_the_protocol_wants() -> None:
    """Descriptor 3, LISTEN_PID the program's own pid, and nothing else (sd_listen_fds(3))."""
    with open_listener() as listener:
        async with started(python(_STATE, listener=listener)) as child:
            told = json.loads(await first_line(child))
            await soon(child.wait())
        inode = os.readlink(f"/proc/self/fd/{listener.fileno()}")
    assert told["env"]["LISTEN_PID"] == str(child.pid)
    assert told["env"]["LISTEN_FDS"] == "1"
    assert set(told["fds"]) == {"0", "1", "2", "3"}
    assert told["fds"]["3"] == inode
    assert told["fds"]["0"] == "null"


async def test_a_passed_listener_blocks_again_whatever_the_last_program_made_of_it() -> None:
    with open_listener() as listener:
        listener.setblocking(False)  # as an asyncio program leaves it, for all who share it
        asks = python("import os; print(os.get_blocking(3))", listener=listener)
        async with started(asks) as child:
            assert await first_line(child) == "True"


async def test_a_fake_provider_serves_on_a_passed_socket() -> None:
    with open_listener() as listener:
        async with started(fake("--fd", listener=listener)):
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            writer.write(b"GET /pid HTTP/1.1\r\n\r\n")
            assert (await soon(reader.readline())).startswith(b"HTTP/1.1 200")
            writer.close()
            await writer.wait_closed()


async def test_limits_hold_and_words_arrive_unchanged() -> None:
    words = ["a b", "", "$HOME `x` 'q' \"d\"", "*", "-n"]
    code = (
        "import resource as r, sys\n"
        "print(r.getrlimit(r.RLIMIT_NOFILE), r.getrlimit(r.RLIMIT_DATA), sys.argv[1:])"
    )
    limits = Rlimits(open_files=77, data_bytes=256 * 1024 * 1024)
    async with started(python(code, *words, rlimits=limits)) as child:
        data = 256 * 1024 * 1024
        assert await first_line(child) == f"(77, 77) ({data}, {data}) {words}"


async def test_a_limit_the_daemon_cannot_give_is_refused() -> None:
    beyond = Rlimits(open_files=2**40)
    assert await kind_of(shell("true", rlimits=beyond)) == ("limit-refused", True)


def test_many_starts_leave_no_descriptor_behind(run: Run) -> None:
    async def scenario() -> None:
        async def one() -> None:
            async with started(shell("exit 0")) as child:
                await soon(child.wait())

        await one()
        before = open_descriptors()
        for _ in range(20):
            await asyncio.gather(*(one() for _ in range(5)))
        assert open_descriptors() == before

    run(scenario())
