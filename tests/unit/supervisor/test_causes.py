from __future__ import annotations

import pytest

from runtime_manager.errors import SpawnError
from runtime_manager.lifecycle.table import State
from runtime_manager.model.manifest import Manifest
from runtime_manager.process.exit_status import ExitStatus
from runtime_manager.supervisor import causes

MANIFEST = Manifest(code="cool", binary="x")


@pytest.mark.parametrize(
    "words",
    [
        "OSError: [Errno 98] Address already in use",
        "Error: listen EADDRINUSE: address already in use 127.0.0.1:4000",
        "listen tcp 127.0.0.1:4000: bind: address already in use",
        "bind() failed: Address in use (errno 98)",
    ],
)
def test_a_taken_port_is_known_by_a_programs_last_words(words: str) -> None:
    cause = causes.of_exit(ExitStatus(1, None), State.STARTING, ["hello", words])
    assert cause.kind == "port-taken"


def test_the_same_words_while_ready_are_only_words() -> None:
    cause = causes.of_exit(ExitStatus(1, None), State.READY, ["address already in use"])
    assert (cause.kind, cause.message) == ("exited", "exit code 1 while ready")


def test_an_exit_tells_how_and_when() -> None:
    killed = causes.of_exit(ExitStatus(None, 9), State.STARTING, [])
    assert killed.message == "killed by SIGKILL before it was ready"
    assert causes.of_exit(ExitStatus(None, 9, is_oom=True), State.READY, []).kind == "out-of-memory"


def test_a_deadline_tells_the_last_answer() -> None:
    late = causes.of_deadline(State.STARTING, MANIFEST, "refused")
    assert late is not None
    assert late.message == "not ready within 10 s; last probe: refused"
    sick = causes.of_deadline(State.UNHEALTHY, MANIFEST, None)
    assert sick is not None
    assert (sick.kind, sick.message) == ("unhealthy", "unhealthy for 30 s")


@pytest.mark.parametrize("state", [State.BACKOFF, State.STOPPING])
def test_the_end_of_a_rest_or_a_grace_is_no_cause(state: State) -> None:
    assert causes.of_deadline(state, MANIFEST, "refused") is None


def test_sickness_tells_what_is_asked_and_what_follows() -> None:
    cause = causes.of_sickness(MANIFEST, "HTTP 503")
    assert cause.message == "3 probes in a row failed; last probe: HTTP 503"


def test_a_spawn_that_failed_keeps_its_kind_and_hint() -> None:
    error = SpawnError("x: binary not found", is_permanent=True, hint="h", kind="binary-missing")
    assert causes.of_spawn(error) == causes.Cause("binary-missing", "x: binary not found", "h")


def test_waiting_names_all_it_waits_for() -> None:
    assert causes.waiting_for(["db", "auth"]).message == "waiting for db, auth"


def test_a_hint_names_the_provider_it_is_for() -> None:
    addressed = causes.addressed(causes.NOT_STARTED, "cool")
    assert addressed is not None
    assert addressed.hint == "rtm start cool starts it"
    assert causes.addressed(None, "cool") is None
