from __future__ import annotations

import pytest

from runtime_manager.cli.exit_codes import MEANINGS, ExitCode, exit_code_of
from runtime_manager.cli.failures import UsageError, problem_of
from runtime_manager.client.failures import NoDaemonError, ProblemError, code_of
from runtime_manager.errors import (
    ConnectError,
    ManifestError,
    RuntimeManagerError,
    SettingsError,
    UnknownCodeError,
    WaitTimeoutError,
)


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (UsageError("x"), 2),
        (NoDaemonError("x"), 3),
        (UnknownCodeError("x"), 4),
        (ProblemError({"code": "unknown-code"}), 4),
        (SettingsError("x"), 78),
        (ManifestError("x"), 78),
        (WaitTimeoutError("x"), 124),
        (ProblemError({"code": "wait-timeout"}), 124),
        (ProblemError({"code": "something-new"}), 1),
        (ProblemError({}), 1),
        (ConnectError("x"), 1),
    ],
)
def test_each_error_ends_in_its_exit_code(error: RuntimeManagerError, exit_code: int) -> None:
    assert exit_code_of(code_of(error)) == exit_code


def test_every_exit_code_has_a_meaning() -> None:
    assert set(MEANINGS) == set(ExitCode)


def test_an_error_of_ours_becomes_a_problem_with_its_facts() -> None:
    error = SettingsError(
        "unknown key", hint="did you mean listen?", file="c.yaml", line=3, key=None, problems=("a",)
    )
    assert problem_of(error) == {
        "title": "bad configuration",
        "detail": "unknown key",
        "code": "bad-configuration",
        "hint": "did you mean listen?",
        "file": "c.yaml",
        "line": 3,
        "problems": ["a"],
    }


def test_a_problem_of_the_daemon_is_passed_on_whole() -> None:
    problem = {"title": "t", "detail": "d", "code": "c", "hint": "h", "status": 409, "more": [1]}
    error = ProblemError(problem)
    assert (error.message, error.hint, problem_of(error)) == ("d", "h", problem)
