from __future__ import annotations

import pytest

from runtime_manager.errors import SpawnError
from runtime_manager.lifecycle.table import State
from runtime_manager.model.manifest import Manifest
from runtime_manager.model.parts import RestartPolicy
from runtime_manager.process.exit_status import ExitStatus
from runtime_manager.process.finding import Finding
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
    cause = causes.of_exit(ExitStatus(1, None), State.STARTING, stderr=["hello", words])
    assert cause.kind == "port-taken"


def test_the_same_words_while_ready_are_only_words() -> None:
    cause = causes.of_exit(ExitStatus(1, None), State.READY, stderr=["address already in use"])
    assert (cause.kind, cause.message) == ("exited", "exit code 1 while ready")


def test_an_exit_tells_how_and_when() -> None:
    killed = causes.of_exit(ExitStatus(None, 9), State.STARTING)
    assert killed.message == "killed by SIGKILL before it was ready"
    oom = ExitStatus(None, 9, is_oom=True)
    told = causes.of_exit(oom, State.READY, memory_bytes=256 * 2**20)
    assert (told.kind, told.message) == ("out-of-memory", "out of memory (limit 256 MiB)")
    assert "the machine" in causes.of_exit(oom, State.READY).message


@pytest.mark.parametrize(
    ("state", "restart", "told"),
    [
        (State.READY, RestartPolicy.ON_FAILURE, causes.DONE.message),
        (State.UNHEALTHY, RestartPolicy.NEVER, causes.DONE.message),
        (State.READY, RestartPolicy.ALWAYS, "exit code 0 while ready"),
        (State.STARTING, RestartPolicy.ON_FAILURE, "exit code 0 before it was ready"),
    ],
)
def test_an_exit_of_status_0_is_the_end_meant_only_of_one_that_served_and_may_rest(
    state: State, restart: RestartPolicy, told: str
) -> None:
    assert causes.of_exit(ExitStatus(0, None), state, restart=restart).message == told


@pytest.mark.parametrize(("left", "words"), [(1, "1 process "), (2, "2 processes ")])
def test_one_that_goes_into_the_background_is_told_so(left: int, words: str) -> None:
    cause = causes.of_exit(ExitStatus(0, None), State.STARTING, left=left)
    assert cause.kind == "went-away"
    assert words in cause.message
    assert "foreground" in cause.hint


def test_a_deadline_tells_the_last_answer() -> None:
    late = causes.of_deadline(State.STARTING, MANIFEST, last_probe="refused")
    assert late is not None
    assert late.message == "not ready within 10 s; last probe: refused"
    sick = causes.of_deadline(State.UNHEALTHY, MANIFEST, last_probe=None)
    assert sick is not None
    assert (sick.kind, sick.message) == ("unhealthy", "unhealthy for 30 s")


FINDING = Finding("it listens on no port", "have it listen")


def test_what_was_seen_of_it_says_more_than_its_last_answer() -> None:
    late = causes.of_deadline(State.STARTING, MANIFEST, last_probe="refused", finding=FINDING)
    assert late == causes.Cause(
        "start-timeout", "not ready within 10 s: it listens on no port", "have it listen"
    )
    sick = causes.of_sickness(MANIFEST, last_probe="refused", finding=FINDING)
    assert sick.message == "3 probes in a row failed: it listens on no port"
    assert sick.hint == "have it listen; restarted if it stays so for 30 s"


def test_a_program_deaf_to_its_signal_is_told_which_and_how_long() -> None:
    warning = causes.killed(MANIFEST.stop)
    assert warning.message == "it did not end within 5 s of SIGTERM, and was killed"


@pytest.mark.parametrize("state", [State.BACKOFF, State.STOPPING])
def test_the_end_of_a_rest_or_a_grace_is_no_cause(state: State) -> None:
    assert causes.of_deadline(state, MANIFEST, last_probe="refused") is None


def test_sickness_tells_what_is_asked_and_what_follows() -> None:
    cause = causes.of_sickness(MANIFEST, last_probe="HTTP 503")
    assert cause.message == "3 probes in a row failed; last probe: HTTP 503"


def test_a_spawn_that_failed_keeps_its_kind_and_hint() -> None:
    error = SpawnError("x: binary not found", is_permanent=True, hint="h", kind="binary-missing")
    assert causes.of_spawn(error) == causes.Cause("binary-missing", "x: binary not found", "h")


def test_waiting_names_all_it_waits_for() -> None:
    assert causes.waiting_for(["db", "auth"]).message == "waiting for db, auth"


def test_a_hint_names_the_provider_it_is_for() -> None:
    addressed = causes.addressed(causes.NOT_STARTED, "cool")
    assert addressed.hint == "rtm start cool starts it"
