from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from runtime_manager.client.values import Cause, Event, LogLine, Provider

COOL = {
    "code": "cool",
    "name": "Cool",
    "version": "1.10",
    "state": "ready",
    "wanted": "up",
    "namespace": "/api/v1/cool",
    "url": "http://127.0.0.1:9880/api/v1/cool/",
    "generation": 2,
    "pid": 4711,
    "restarts": 1,
    "cause": None,
    "colour": "red",
}


def test_a_provider_keeps_what_it_does_not_know_in_its_facts() -> None:
    provider = Provider.of(COOL)
    assert (provider.code, provider.pid, provider.is_ready) == ("cool", 4711, True)
    assert provider.facts["colour"] == "red"
    assert "colour" not in repr(provider)


def test_a_provider_that_is_not_well_has_its_cause() -> None:
    cause = {"kind": "exited", "message": "exit code 3", "hint": "rtm logs cool"}
    provider = Provider.of({**COOL, "state": "failed", "cause": cause})
    assert not provider.is_ready
    assert provider.cause == Cause("exited", "exit code 3", "rtm logs cool")
    warned = Provider.of({**COOL, "warnings": [{"kind": "exposed", "message": "m", "hint": "h"}]})
    assert (warned.is_ready, warned.warnings) == (True, (Cause("exposed", "m", "h"),))


def test_an_event_may_be_of_the_daemon_or_a_snapshot() -> None:
    told = {"number": 7, "at": "2030-01-02T12:00:00.000Z", "data": {"to": "ready"}, "code": "cool"}
    event = Event.of("provider.state", told)
    assert (event.number, event.code, event.data["to"]) == (7, "cool", "ready")
    assert event.at == datetime(2030, 1, 2, 12, tzinfo=UTC)
    snapshot = Event.of("snapshot", {"number": 7, "providers": [COOL]})
    assert [p.code for p in snapshot.providers] == ["cool"]
    assert snapshot.at is None


def test_a_line_has_its_time() -> None:
    at = "2030-01-02T12:00:00.000Z"
    line = LogLine.of({"number": 1, "at": at, "stream": "stdout", "generation": 1, "text": "hi"})
    assert (line.text, line.at) == ("hi", datetime(2030, 1, 2, 12, tzinfo=UTC))


@pytest.mark.parametrize("package", ["runtime_manager", "runtime_manager.client"])
def test_to_import_the_package_is_cheap(package: str) -> None:
    heavy = "{'aiohttp', 'asyncio', 'pydantic', 'psutil', 'structlog', 'yaml'}"
    program = f"import sys, {package}; print(*{heavy} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.split() == []


def test_what_the_client_package_does_not_have_it_says() -> None:
    import runtime_manager.client

    assert runtime_manager.client.Provider is Provider
    with pytest.raises(AttributeError, match="nothing_of_ours"):
        runtime_manager.client.nothing_of_ours  # noqa: B018
