"""Output and changes as events, for readers that come, go, lag and come back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from tests.component.process_provider.conftest import Event, Provider


def numbers(events: list[Event]) -> list[str | None]:
    return [event.id for event in events]


def test_a_line_is_told_while_the_command_runs(provider: Provider) -> None:
    started = provider.start("cat")
    with provider.events(f"/processes/{started['id']}/output") as events:
        for text in ("first", "second"):
            provider.post(f"/processes/{started['id']}/input", {"input": f"{text}\n"})
            assert next(events).data["text"] == text
        provider.post(f"/processes/{started['id']}/close-stdin")
        end = next(events)
        assert (end.name, end.data["exitCode"]) == ("process.exited", 0)
        assert not list(events)


def test_a_reader_that_comes_back_misses_nothing_and_hears_nothing_twice(
    provider: Provider,
) -> None:
    started = provider.shell("seq 10; cat")
    with provider.events(f"/processes/{started['id']}/output") as events:
        seen = [next(events) for _ in range(4)]
    provider.post(f"/processes/{started['id']}/close-stdin")
    rest = provider.follow(started, Last_Event_ID=str(seen[-1].id))
    assert numbers(seen + rest) == [str(n) for n in range(1, 12)]
    assert [event.data["text"] for event in rest[:-1]] == [str(n) for n in range(5, 11)]


def test_a_browser_that_heard_the_end_is_told_not_to_come_back(provider: Provider) -> None:
    started = provider.shell("echo only")
    end = provider.follow(started)[-1]
    headers = {"Accept": "text/event-stream", "Last-Event-ID": str(end.id)}
    answer = provider.ask("GET", f"/processes/{started['id']}/output", headers=headers)
    assert (answer.status, answer.body) == (204, b"")
    again = provider.follow(started, Last_Event_ID="1")
    assert numbers(again) == ["2"]


def test_lines_that_are_gone_are_counted(start_provider: Callable[..., Provider]) -> None:
    provider = start_provider(PROCESS_MAX_LINES="10")
    started = provider.shell("seq 1000; cat")
    with provider.events(f"/processes/{started['id']}/output") as events:
        assert any(event.data.get("text") == "1000" for event in events)
    told = provider.get(f"/processes/{started['id']}/output").json
    assert (told["missed"], told["ended"]) == (990, False)
    assert [line["text"] for line in told["lines"]] == [str(n) for n in range(991, 1001)]
    with provider.events(f"/processes/{started['id']}/output", Last_Event_ID="5") as events:
        gap, first = next(events), next(events)
    assert (gap.name, gap.data) == ("process.dropped", {"lines": 985})
    assert first.data["text"] == "991"


def test_long_output_is_read_page_by_page(provider: Provider) -> None:
    started = provider.shell("seq 1200")
    provider.follow(started)
    texts: list[str] = []
    after, page = 0, {"ended": False}
    while not page["ended"]:
        page = provider.get(f"/processes/{started['id']}/output?after={after}").json
        texts += [line["text"] for line in page["lines"]]
        after = page["lines"][-1]["number"]
    assert texts == [str(n) for n in range(1, 1201)]


def test_bytes_that_are_no_text_and_lines_without_end_do_no_harm(provider: Provider) -> None:
    script = "import sys; w = sys.stdout.buffer.write; "
    script += r"w(b'\xff\xfe\n'); w(b'x' * 20_000); w('\n☃'.encode())"
    texts = [text for _, text in provider.lines(provider.python(script))]
    assert texts[0] == "��"
    assert "".join(texts[1:-1]) == "x" * 20_000
    assert texts[-1] == "☃"


def test_a_command_that_floods_holds_up_nobody(provider: Provider) -> None:
    started = provider.start("yes")
    with provider.events(f"/processes/{started['id']}/output") as events:
        assert next(events).name in ("process.output", "process.dropped")
        other = provider.shell("echo calm")
        assert provider.lines(other) == [("stdout", "calm")]
        provider.post(f"/processes/{started['id']}/kill")
        *_, end = events
    assert end.data["signal"] == "SIGKILL"


def test_changes_are_told_after_how_things_stand(provider: Provider) -> None:
    first = provider.start("sleep", "600")
    with provider.events("/events") as events:
        snapshot = next(events)
        assert snapshot.name == "snapshot"
        assert [process["id"] for process in snapshot.data["processes"]] == [first["id"]]
        second = provider.shell("exit 7")
        assert changes(events, 2) == [
            ("process.started", second["id"]),
            ("process.exited", second["id"]),
        ]
        provider.post(f"/processes/{first['id']}/kill")
        assert changes(events, 1) == [("process.killed", first["id"])]
        provider.post(f"/processes/{second['id']}/remove")
        assert changes(events, 1) == [("process.removed", second["id"])]


def test_streams_are_bounded(provider: Provider) -> None:
    opened = [provider.events("/events") for _ in range(64)]
    try:
        for stream in opened:
            next(stream.__enter__())
        answer = provider.ask("GET", "/events")
        assert (answer.status, answer.code) == (503, "too-many-streams")
    finally:
        for stream in opened:
            stream.__exit__(None, None, None)
    assert provider.get("/health").status == 200


def test_the_end_of_the_provider_is_the_last_event_of_every_stream(provider: Provider) -> None:
    started = provider.start("sleep", "600")
    with (
        provider.events("/events") as changed,
        provider.events(f"/processes/{started['id']}/output") as output,
    ):
        next(changed)
        provider.process.terminate()
        assert [event.name for event in output] == ["process.killed"]
        assert [event.name for event in changed] == ["process.killed", "process.closing"]
    assert provider.process.wait(timeout=10) == 0


def changes(events: Iterator[Event], count: int) -> list[tuple[str, str]]:
    """The next ones."""
    return [(event.name, event.data["id"]) for event in islice(events, count)]
