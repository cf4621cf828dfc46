"""What programs print: read, kept, followed, written."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from runtime_manager.clock import SystemClock
from runtime_manager.process.lines import CUT, LINE_LIMIT
from runtime_manager.process.log_file import LogWriter, RotatedFile
from runtime_manager.process.output import LogLine, Output
from runtime_manager.process.spawn import Launch, spawn
from tests.component.process.acting import (
    end,
    eventually,
    fake,
    is_alive,
    python,
    shell,
    soon,
    started,
)
from tests.component.process.conftest import Run


@pytest.fixture
def writer() -> Iterator[LogWriter]:
    writer = LogWriter()
    yield writer
    writer.close()


@pytest.fixture
def output(writer: LogWriter, tmp_path: Path) -> Output:
    return new_output(writer, tmp_path)


def new_output(writer: LogWriter, folder: Path, *, ring_lines: int = 2000) -> Output:
    file = RotatedFile(folder / "output.log")
    return Output(clock=SystemClock(), writer=writer, file=file, ring_lines=ring_lines)


async def read_to_the_end(output: Output, launch: Launch, *, generation: int = 1) -> None:
    """Run a program, with its output attached, until it has ended."""
    child = spawn(launch)
    output.attach(child, generation=generation)
    await soon(child.wait())
    output.detach(child)


def texts(output: Output, stream: str | None = None) -> list[str]:
    return [line.text for line in output.tail(10**6, stream=stream)]


def test_lines_of_both_streams_are_kept_with_where_they_came_from(run: Run, output: Output) -> None:
    async def scenario() -> None:
        await read_to_the_end(output, shell("echo one; echo two >&2; printf last"), generation=3)

    run(scenario())
    assert texts(output, "stdout") == ["one", "last"]
    assert texts(output, "stderr") == ["two"]
    assert {line.generation for line in output.tail(10)} == {3}
    assert [line.number for line in output.tail(10)] == [1, 2, 3]
    assert all(line.at.utcoffset() is not None for line in output.tail(10))


async def test_a_tail_is_of_one_stream_and_generation(output: Output) -> None:
    await read_to_the_end(output, shell("echo a; echo b; echo c >&2"), generation=1)
    await read_to_the_end(output, shell("echo d; echo e"), generation=2)
    assert [line.text for line in output.tail(1, stream="stdout", generation=1)] == ["b"]
    assert [line.text for line in output.tail(9, generation=2)] == ["d", "e"]
    assert output.tail(0) == []


async def test_what_is_no_text_and_what_is_too_long_is_kept_readable(output: Output) -> None:
    code = f"import os; os.write(1, b'\\xff\\x00\\n' + b'x' * {LINE_LIMIT + 5} + b'\\r\\nlast')"
    await read_to_the_end(output, python(code))
    assert texts(output) == ["\ufffd\x00", "x" * LINE_LIMIT + CUT, "x" * 5, "last"]


async def test_what_a_program_says_last_is_there_when_it_is_reaped(output: Output) -> None:
    for number in range(5):
        await read_to_the_end(output, shell(f"seq 1 3000; echo {number} >&2"), generation=number)
        assert output.tail(1, stream="stdout")[0].text == "3000"
        assert output.tail(1, stream="stderr")[0].text == str(number)


async def test_a_listener_hears_standard_output_only(output: Output) -> None:
    heard: list[str] = []
    child = spawn(shell("echo one; echo two >&2; echo three"))
    output.attach(child, generation=1, hear=heard.append)
    await soon(child.wait())
    output.detach(child)
    output.detach(child)
    assert heard == ["one", "three"]


async def test_a_program_that_closes_its_streams_may_live_on(output: Output) -> None:
    child = spawn(shell("echo closing; exec >&- 2>&-; read line; exit 9", has_stdin_pipe=True))
    output.attach(child, generation=1)
    await eventually(lambda: texts(output) == ["closing"])
    child.close_stdin()
    assert (await soon(child.wait())).code == 9
    output.detach(child)


async def test_somebody_who_holds_the_pipe_open_is_not_waited_for(output: Output) -> None:
    floods = "import os\nif os.fork(): print(0, flush=True); os._exit(0)\nos.setsid()\n"
    floods += "print(os.getpid(), flush=True)\nwhile True: os.write(1, b'y' * 65536)\n"
    child = spawn(python(floods))
    output.attach(child, generation=1)
    await soon(child.wait())
    await eventually(lambda: any(int(text) for text in texts(output)[:2] if text.isdigit()))
    left = next(int(text) for text in texts(output)[:2] if text.isdigit() and int(text))
    output.detach(child)  # and so its next write ends it: nobody reads any more (SIGPIPE)
    await eventually(lambda: not is_alive(left))
    end(left)


@pytest.mark.parametrize("line", ["y", "y" * 1000], ids=["short", "long"])
def test_a_flood_holds_up_neither_the_loop_nor_the_program(
    run: Run, output: Output, line: str
) -> None:
    """It is read as it comes, kept within bounds, and what is dropped is told at once."""
    size = 64 * 1024 * 1024
    code = (
        "import os, sys\n"
        f"block = (sys.argv[1] + '\\n').encode() * ({65536} // (len(sys.argv[1]) + 1))\n"
        f"for _ in range({size} // len(block)): os.write(2, block)\n"
        "os.write(2, b'the reason\\n'); sys.exit(3)\n"
    )

    async def scenario() -> int:
        child = spawn(python(code, line))
        output.attach(child, generation=1)
        turns = 0
        ended = asyncio.ensure_future(child.wait())
        while not ended.done():
            await asyncio.sleep(0)
            turns += 1
        assert ended.result().code == 3
        output.detach(child)
        return turns

    turns = run(scenario())
    assert turns >= size // 65536  # the loop turned at least once for each slice
    assert texts(output)[-1] == "the reason"
    told = [text for text in texts(output) if text.endswith("lines dropped: too many at once]")]
    assert told
    assert output.tail(1)[0].number < size // (len(line) + 1)


async def test_after_a_flood_lines_are_kept_again(output: Output) -> None:
    code = (
        "import os, sys\n"
        "for _ in range(200): os.write(1, b'y\\n' * 32768)\n"
        "sys.stdin.readline()\n"
        "os.write(1, b'quiet again\\n')\n"
    )
    async with started(python(code, has_stdin_pipe=True)) as child:
        output.attach(child, generation=1)
        await eventually(lambda: any("dropped" in text for text in texts(output)))
        child.close_stdin()
        await eventually(lambda: texts(output)[-1] == "quiet again")
        await soon(child.wait())
        output.detach(child)


async def follow(output: Output, *, after: int = 0) -> list[LogLine]:
    async with aclosing(output.follow(after)) as lines:
        return [line async for line in lines]


async def test_every_follower_gets_every_line_once(output: Output) -> None:
    followers = [asyncio.ensure_future(follow(output)) for _ in range(3)]
    await read_to_the_end(output, shell("seq 1 1500"))
    late = asyncio.ensure_future(follow(output, after=1490))
    await asyncio.sleep(0)
    output.close()
    for lines in await soon(asyncio.gather(*followers)):
        assert [line.text for line in lines] == [str(n) for n in range(1, 1501)]
    assert [line.number for line in await soon(late)] == list(range(1491, 1501))


async def test_a_slow_follower_is_told_what_it_missed(writer: LogWriter, tmp_path: Path) -> None:
    output = new_output(writer, tmp_path, ring_lines=10)
    lines: AsyncIterator[LogLine] = output.follow(0)
    await read_to_the_end(output, shell("echo first"))
    assert (await soon(anext(lines))).text == "first"
    await read_to_the_end(output, shell("seq 1 100"))
    output.close()
    seen = [(line.number, line.text) async for line in lines]
    assert seen[0] == (91, "[90 lines are gone: read too late]")
    assert seen[1:] == [(number + 1, str(number)) for number in range(91, 101)]


async def test_a_follower_that_gives_up_leaves_nothing(output: Output) -> None:
    following = asyncio.ensure_future(follow(output))
    await asyncio.sleep(0)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    await read_to_the_end(output, shell("echo after"))
    output.close()
    assert texts(output) == ["after"]


async def test_every_line_is_written_to_the_file(
    output: Output, writer: LogWriter, tmp_path: Path
) -> None:
    await read_to_the_end(output, shell("echo one; echo two >&2"), generation=4)
    writer.close()
    lines = (tmp_path / "output.log").read_text().splitlines()
    assert sorted(line.partition(" ")[2] for line in lines) == ["4 stderr two", "4 stdout one"]


async def test_a_stopped_program_s_output_is_read_when_it_goes_on(output: Output) -> None:
    async with started(fake("--never-listen", "--stderr", "hello")) as child:
        output.attach(child, generation=1)
        await eventually(lambda: texts(output) == ["hello"])
        os.kill(child.pid, signal.SIGSTOP)
        child.signal_group(signal.SIGKILL)
        await soon(child.wait())
        output.detach(child)


def test_an_interpreter_may_end_with_a_writer_open(tmp_path: Path) -> None:
    code = (
        "from runtime_manager.process.log_file import LogWriter, RotatedFile\n"
        "from pathlib import Path\n"
        f"LogWriter().append(RotatedFile(Path({str(tmp_path)!r}) / 'a'), b'x')\n"
    )
    argv = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(
        argv, cwd=Path(__file__).parents[3], capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, done.stderr) == (0, "")
