from __future__ import annotations

import io
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from runtime_manager import log


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    before = structlog.get_config() if structlog.is_configured() else None
    yield
    if before is None:
        structlog.reset_defaults()
    else:
        structlog.configure(**before)


@pytest.mark.parametrize(
    "key", ["token", "api_key", "Authorization", "session_cookie", "db_password", "secret"]
)
def test_a_key_that_names_a_secret_is_hidden(key: str) -> None:
    assert log.hide_secrets(None, "info", {key: "s3cret"}) == {key: log.HIDDEN}


def test_the_path_of_a_token_file_is_no_secret() -> None:
    facts = {"token_file": "/home/a/run/token"}
    assert log.hide_secrets(None, "info", dict(facts)) == facts


@pytest.mark.parametrize("text", ["Bearer abc", "GET /x?token=abc", "/_rtm/session?code=abc&x=1"])
def test_secrets_inside_text_are_hidden(text: str) -> None:
    hidden = log.hide_secrets(None, "info", {"event": text})["event"]
    assert "abc" not in hidden
    assert log.HIDDEN in hidden


def test_json_lines_carry_event_level_time_and_facts() -> None:
    out = io.StringIO()
    log.configure(level="info", log_format="json", stream=out)
    structlog.get_logger().info("instance.ready", code="echo", generation=3)
    structlog.get_logger().debug("unseen")
    (line,) = out.getvalue().splitlines()
    facts = json.loads(line)
    assert facts.pop("timestamp").endswith("Z")
    assert facts == {"event": "instance.ready", "level": "info", "code": "echo", "generation": 3}


def test_text_lines_read_as_structlog_s_own_without_colours() -> None:
    facts = {"code": "echo", "cause": "it's gone", "generation": 3, "none": None, "a": "b=c"}
    event = {"timestamp": "2026-01-01T00:00:00Z", "level": "info", "event": "provider.state"}
    theirs = structlog.dev.ConsoleRenderer(colors=False, pad_event_to=24, sort_keys=False)
    assert log.as_text(None, "info", event | facts) == theirs(None, "info", event | facts)


def test_a_text_line_tells_of_an_exception_below_it() -> None:
    out = io.StringIO()
    log.configure(level="info", log_format="text", stream=out)
    try:
        raise ValueError("broken")
    except ValueError:
        structlog.get_logger().exception("runner.fault", code="echo")
    first, *trace = out.getvalue().splitlines()
    assert first.endswith("[error    ] runner.fault             code=echo")
    assert (trace[0], trace[-1]) == ("Traceback (most recent call last):", "ValueError: broken")


def test_what_a_library_logs_is_an_event_without_its_secrets() -> None:
    out = io.StringIO()
    log.configure(level="info", log_format="json", stream=out)
    record = logging.LogRecord("asyncio", logging.ERROR, "", 0, "lost: %s", ("Bearer abc",), None)
    log.Libraries().emit(record)
    facts = json.loads(out.getvalue())
    assert (facts["event"], facts["library"]) == ("library.said", "asyncio")
    assert facts["said"] == f"lost: Bearer {log.HIDDEN}"


def test_under_the_journal_every_line_starts_with_its_priority_and_has_no_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "journal").open("w+") as out:
        found = os.fstat(out.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino}")
        log.configure(level="info", log_format="auto", stream=out)
        structlog.get_logger().error("guard.lost", text="two\nlines")
        out.seek(0)
        lines = out.read().splitlines()
    assert lines
    assert all(line.startswith("<3>") for line in lines)
    assert "guard.lost" in lines[0]
    assert "Z " not in lines[0]


@pytest.mark.parametrize("given", [None, "", "8:1"])
def test_a_variable_that_speaks_of_another_stream_makes_no_journal(
    tmp_path: Path, given: str | None
) -> None:
    environ = {} if given is None else {"JOURNAL_STREAM": given}
    with (tmp_path / "file").open("w") as out:
        assert not log.is_journal(out, environ)
    assert not log.is_journal(io.StringIO(), environ)
