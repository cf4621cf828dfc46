"""Asking endpoints whether they serve."""

from __future__ import annotations

import asyncio
import os
import resource
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime_manager.clock import STOOD_STILL_S, SystemClock
from runtime_manager.model.endpoint import Endpoint, TcpEndpoint, UnixEndpoint
from runtime_manager.model.parts import ProbeKind
from runtime_manager.process.lookout import NOBODY, Seen
from runtime_manager.process.ports import reserve
from runtime_manager.process.probe import (
    QUESTIONS,
    QUESTIONS_IN_SIGHT,
    STOOD_STILL,
    STRANGER,
    NotAsked,
    Probe,
    ProbeResult,
    ProbeSpec,
)
from runtime_manager.process.prober import Prober
from runtime_manager.process.watch import Watch
from tests.component.process.acting import eventually, open_descriptors, soon
from tests.component.process.conftest import Run

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
WELL = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
ILL = b"HTTP/1.1 503 Soon\r\nContent-Length: 0\r\n\r\n"


def spec(**changes: object) -> ProbeSpec:
    given: dict[str, object] = {
        "kind": ProbeKind.HTTP,
        "path": "/health",
        "headers": (),
        "accepts": lambda status: 200 <= status < 400,
        "timeout_s": 5.0,
    }
    return ProbeSpec(**{**given, **changes})  # type: ignore[arg-type]


@dataclass
class Provider:
    """Answers each request with the next of `answers`, the last of them again and again."""

    answers: list[bytes] = field(default_factory=lambda: [WELL])
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    _asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def asked(self, times: int) -> None:
        """Return once it has been asked so often."""
        async with asyncio.timeout(10):
            while len(self.requests) < times:
                self._asked.clear()
                await self._asked.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until the other side closes, or an answer is empty: then this side does."""
        self.connections += 1
        try:
            while True:
                self.requests.append(await reader.readuntil(b"\r\n\r\n"))
                self._asked.set()
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if not answer:
                    break
                writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[TcpEndpoint]:
    """A server; at its end every connection to it must have been closed by the other side."""
    talks: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talks.add(task)
        await answer(reader, writer)

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield TcpEndpoint("127.0.0.1", server.sockets[0].getsockname()[1])
    finally:
        server.close()
        await server.wait_closed()
        if talks:
            await soon(asyncio.wait(talks))


async def never_answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def ask(
    endpoint: Endpoint, *, is_ours: bool = True, **changes: object
) -> ProbeResult | NotAsked:
    probe = Probe(endpoint, spec(**changes), is_ours=lambda: is_ours)
    try:
        return await soon(probe.ask())
    finally:
        probe.close()


class TestOneQuestion:
    """What one probe finds."""

    @pytest.mark.parametrize(("status", "passed"), [(200, True), (399, True), (404, False)])
    async def test_the_status_decides(self, status: int, passed: bool) -> None:
        answer = f"HTTP/1.1 {status} Said\r\nContent-Length: 0\r\n\r\n".encode()
        async with serving(Provider([answer]).serve) as endpoint:
            assert await ask(endpoint) == ProbeResult(passed, f"HTTP {status}", status)

    async def test_a_refused_connection_is_told(self) -> None:
        held = reserve()
        result = await ask(TcpEndpoint("127.0.0.1", held.port))
        held.release()
        assert not result.passed
        assert "refused" in result.detail

    async def test_a_missing_socket_is_told(self, tmp_path: Path) -> None:
        assert not (await ask(UnixEndpoint(tmp_path / "none.sock"))).passed

    async def test_no_answer_is_told_with_its_time(self) -> None:
        async with serving(never_answers) as endpoint:
            result = await ask(endpoint, timeout_s=0.05)
        assert result == ProbeResult(False, "no answer within 0.05 s")

    async def test_no_answer_while_this_process_stood_still_tells_nothing_of_it(self) -> None:
        async with serving(never_answers) as endpoint:
            asyncio.get_running_loop().call_later(0.01, time.sleep, 2 * STOOD_STILL_S)
            assert await ask(endpoint, timeout_s=0.05) == NotAsked(STOOD_STILL)

    async def test_it_cannot_be_asked_without_a_descriptor(self) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        async with serving(Provider().serve) as endpoint:
            with open(os.devnull) as last:
                resource.setrlimit(resource.RLIMIT_NOFILE, (last.fileno(), hard))
            try:
                result = await ask(endpoint)
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            assert (await ask(endpoint)).passed
        assert result == NotAsked(f"cannot connect to {endpoint}: Too many open files")

    async def test_what_is_not_http_is_told(self) -> None:
        async with serving(Provider([b"SSH-2.0-OpenSSH_9.2\r\n\r\n"]).serve) as endpoint:
            assert await ask(endpoint) == ProbeResult(False, "the answer is not HTTP/1.1")

    async def test_a_stranger_is_sent_nothing(self) -> None:
        provider = Provider()
        async with serving(provider.serve) as endpoint:
            assert await ask(endpoint, is_ours=False) == ProbeResult(False, STRANGER)
        assert provider.requests == []

    async def test_a_connection_may_be_all_that_is_asked_for(self) -> None:
        provider = Provider()
        async with serving(provider.serve) as endpoint:
            assert (await ask(endpoint, kind=ProbeKind.TCP)).passed
            assert not (await ask(endpoint, kind=ProbeKind.TCP, is_ours=False)).passed
        assert provider.requests == []

    async def test_nothing_may_be_asked_at_all(self) -> None:
        assert (await ask(UnixEndpoint(Path("/none")), kind=ProbeKind.NONE)).passed

    async def test_headers_and_path_arrive(self) -> None:
        provider = Provider()
        async with serving(provider.serve) as endpoint:
            await ask(endpoint, path="/up?x=1", headers=((b"X-Probe", b"1"),))
        assert provider.requests[0].startswith(b"GET /up?x=1 HTTP/1.1\r\n")
        assert b"\r\nX-Probe: 1\r\n" in provider.requests[0]


class TestAConnectionThatIsKept:
    """Questions one after another."""

    async def test_one_connection_does_for_a_few(self) -> None:
        """A program that has closed its listener still answers on what it accepted before."""
        provider, looks = Provider(), []
        async with serving(provider.serve) as endpoint:
            probe = Probe(endpoint, spec(), is_ours=lambda: not looks.append(1))
            assert all([(await probe.ask()).passed for _ in range(2 * QUESTIONS)])
            probe.close()
        assert (provider.connections, len(looks)) == (2, 2)
        assert len(provider.requests) == 2 * QUESTIONS

    async def test_it_does_for_many_while_the_same_listener_is_seen(self) -> None:
        provider, same = Provider(), Seen(frozenset({(b"", 1)}))
        async with serving(provider.serve) as endpoint:
            probe = Probe(endpoint, spec(), is_ours=lambda: True)
            for _ in range(QUESTIONS_IN_SIGHT):
                assert (await probe.ask(same)).passed
            assert provider.connections == 1
            for seen in (same, Seen(frozenset({(b"", 2)})), NOBODY, replace(same, is_crowded=True)):
                assert (await probe.ask(seen)).passed
            probe.close()
        assert provider.connections == 5

    async def test_one_closed_as_idle_while_we_ask_is_no_failure(self) -> None:
        """A server's idle time may be just our interval; the question is asked again, once."""
        provider = Provider([WELL, b"", WELL])
        async with serving(provider.serve) as endpoint:
            probe = Probe(endpoint, spec(), is_ours=lambda: True)
            assert (await probe.ask()).passed
            assert (await probe.ask()).passed
            probe.close()
        assert (provider.connections, len(provider.requests)) == (2, 3)

    async def test_one_that_closes_every_connection_has_failed(self) -> None:
        async with serving(Provider([b""]).serve) as endpoint:
            assert not (await ask(endpoint)).passed

    async def test_a_new_owner_of_the_port_is_noticed(self) -> None:
        provider, ours = Provider([WELL, b"", WELL]), [True, False]
        async with serving(provider.serve) as endpoint:
            probe = Probe(endpoint, spec(), is_ours=lambda: ours.pop(0))
            assert (await probe.ask()).passed
            assert await probe.ask() == ProbeResult(False, STRANGER)
            probe.close()


class Results:
    """What a watch reports, and waiting for it."""

    def __init__(self) -> None:
        self.all: list[ProbeResult | NotAsked] = []
        self._came = asyncio.Event()

    def __call__(self, result: ProbeResult | NotAsked) -> None:
        self.all.append(result)
        self._came.set()

    async def count(self, wanted: int) -> None:
        async with asyncio.timeout(10):
            while len(self.all) < wanted:
                self._came.clear()
                await self._came.wait()


@asynccontextmanager
async def prober() -> AsyncIterator[Prober]:
    one = Prober(SystemClock())
    try:
        yield one
    finally:
        await soon(one.close())


def watched(
    one: Prober, endpoint: Endpoint, results: Results, *, interval_s: float = 60, **changes: object
) -> Watch:
    return one.watch(
        endpoint, spec(**changes), interval_s=interval_s, report=results, is_ours=lambda: True
    )


def test_a_starting_program_is_asked_often_until_it_serves(run: Run) -> None:
    async def scenario() -> None:
        held, results = reserve(), Results()
        async with prober() as one:
            watched(one, TcpEndpoint("127.0.0.1", held.port), results)
            await results.count(1)
            assert not results.all[0].passed
            provider = Provider([ILL, ILL, ILL, WELL])
            server = await asyncio.start_server(provider.serve, "127.0.0.1", held.port)
            await provider.asked(4)
            while not results.all[-1].passed:
                await results.count(len(results.all) + 1)
            assert len(provider.requests) == 4
        server.close()
        await server.wait_closed()
        held.release()

    run(scenario())


def test_what_is_not_asked_serves_before_it_listens(run: Run) -> None:
    async def scenario() -> None:
        held, results = reserve(), Results()
        async with prober() as one:
            watched(one, TcpEndpoint("127.0.0.1", held.port), results, kind=ProbeKind.NONE)
            await results.count(1)
        held.release()
        assert [result.passed for result in results.all] == [True]

    run(scenario())


def test_the_pace_of_a_start_slows_down_and_settles() -> None:
    watch = a_watch(interval_s=7)
    assert watch.next_due(5, is_seen=False) == 6
    paces = [watch.next_due(5, is_seen=True) - 5 for _ in range(30)]
    assert paces[0] == pytest.approx(0.010)
    assert paces == sorted(paces)
    assert paces[-1] == pytest.approx(0.250)
    watch.settle()
    assert watch.next_due(5, is_seen=True) == pytest.approx(12)


@given(st.floats(0.02, 60), st.floats(0, 1e6))
def test_what_is_settled_is_asked_at_its_interval_together_with_others(
    interval_s: float, now: float
) -> None:
    """Never later, and at most a tenth of a second, or of the interval, earlier."""
    watch = a_watch(interval_s=interval_s)
    watch.settle()
    early_s = now + interval_s - watch.next_due(now, is_seen=True)
    assert -1e-6 <= early_s <= min(0.1, interval_s / 10) + 1e-6


def a_watch(*, interval_s: float) -> Watch:
    return Watch(
        UnixEndpoint(Path("/none")),
        spec(),
        interval_s=interval_s,
        report=lambda _: None,
        is_ours=lambda: True,
    )


def test_one_that_hangs_delays_no_other(run: Run) -> None:
    async def scenario() -> None:
        provider = Provider()
        async with (
            serving(never_answers) as hangs,
            serving(provider.serve) as well,
            prober() as one,
        ):
            hung = Results()
            watched(one, hangs, hung, timeout_s=30)
            watched(one, well, Results(), interval_s=0.01)
            await provider.asked(10)
            assert hung.all == []

    run(scenario())


def test_a_watch_that_was_closed_reports_no_more(run: Run) -> None:
    async def scenario() -> None:
        ill, provider = Provider([ILL]), Provider()
        async with (
            serving(ill.serve) as closes,
            serving(provider.serve) as endpoint,
            prober() as one,
        ):
            closed = Results()
            watch = watched(one, closes, closed)
            watched(one, endpoint, Results(), interval_s=0.01)
            await closed.count(2)
            watch.close()
            watch.close()
            seen = len(closed.all)
            await provider.asked(len(provider.requests) + 5)
            assert len(closed.all) == seen

    run(scenario())


def test_a_watch_may_be_closed_by_its_own_report(run: Run) -> None:
    async def scenario() -> None:
        async with serving(Provider().serve) as endpoint, prober() as one:
            done = asyncio.Event()
            watches: list[Watch] = []

            def report(_: ProbeResult | NotAsked) -> None:
                watches[0].close()
                done.set()

            watches.append(
                one.watch(endpoint, spec(), interval_s=1, report=report, is_ours=lambda: True)
            )
            await soon(done.wait())

    run(scenario())


def test_a_fault_in_a_report_does_not_end_the_watching(run: Run) -> None:
    async def scenario() -> None:
        provider = Provider([ILL])
        async with serving(provider.serve) as endpoint, prober() as one:
            results = Results()

            def report(result: ProbeResult | NotAsked) -> None:
                results(result)
                if len(results.all) == 1:
                    raise RuntimeError("a fault of ours")

            one.watch(endpoint, spec(), interval_s=60, report=report, is_ours=lambda: True)
            await results.count(3)

    run(scenario())


def test_the_end_of_the_prober_leaves_nothing(run: Run) -> None:
    async def scenario() -> None:
        async with serving(never_answers):
            pass  # libuv keeps a spare descriptor from the first server on
        before = open_descriptors()
        async with serving(never_answers) as hangs, serving(Provider().serve) as well:
            one, results = Prober(SystemClock()), Results()
            for _ in range(10):
                watched(one, hangs, Results(), timeout_s=30)
                watched(one, well, results)
            await results.count(10)
            await soon(one.close())
            seen = len(results.all)
            watched(one, well, results)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert len(results.all) == seen
        await eventually(lambda: open_descriptors() <= before)

    run(scenario())


def test_a_hundred_are_watched_by_one_timer(run: Run) -> None:
    async def scenario() -> None:
        provider = Provider()
        async with serving(provider.serve) as endpoint, prober() as one:
            all_results = [Results() for _ in range(100)]
            for results in all_results:
                watched(one, endpoint, results, interval_s=0.05)
            await asyncio.gather(*(results.count(1) for results in all_results))
            await provider.asked(500)
            assert all(results.all[0].passed for results in all_results)
        assert provider.connections >= 100


def test_a_pass_is_told_once_and_every_failure_is(run: Run) -> None:
    async def scenario() -> None:
        provider = Provider([WELL, WELL, ILL, ILL, WELL])
        async with serving(provider.serve) as endpoint, prober() as one:
            results = Results()
            watched(one, endpoint, results, interval_s=0.01)
            await provider.asked(8)
        assert [result.passed for result in results.all] == [True, False, False, True]

    run(scenario())


def test_a_listener_that_is_closed_is_noticed_by_the_next_question(run: Run) -> None:
    """What it accepted before it still answers."""

    async def scenario() -> None:
        provider, results = Provider(), Results()
        async with prober() as one:
            server = await asyncio.start_server(provider.serve, "127.0.0.1", 0)
            endpoint = TcpEndpoint("127.0.0.1", server.sockets[0].getsockname()[1])
            watched(one, endpoint, results, interval_s=0.01)
            await provider.asked(2)
            server.close()
            await results.count(2)
            assert [result.passed for result in results.all[:2]] == [True, False]
            assert "refused" in results.all[1].detail
            assert provider.connections == 1

    run(scenario())

    run(scenario())
