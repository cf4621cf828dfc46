"""What can go wrong between the command line and the daemon, as problems (RFC 9457)."""

from __future__ import annotations

from runtime_manager.errors import RuntimeManagerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class UsageError(RuntimeManagerError):
    """The command line cannot be understood."""

    code = "usage"


class NoDaemonError(RuntimeManagerError):
    """No daemon answers for this home."""

    code = "no-daemon"


class ProblemError(RuntimeManagerError):
    """The daemon answered with a problem; `problem` is its document, whole."""

    code = "problem"

    def __init__(self, problem: Mapping[str, Any]) -> None:
        message = problem.get("detail") or problem.get("title") or "the daemon refused"
        super().__init__(str(message), hint=str(problem.get("hint") or ""))
        self.problem = dict(problem)


def code_of(error: RuntimeManagerError) -> str:
    """The kebab-case code: the daemon's own for a problem it answered."""
    if isinstance(error, ProblemError):
        return str(error.problem.get("code") or error.code)
    return error.code


def problem_of(error: RuntimeManagerError) -> dict[str, Any]:
    """The error as a problem document; facts that are not plain values become text."""
    if isinstance(error, ProblemError):
        return error.problem
    facts = {name: _plain(value) for name, value in error.facts.items() if value is not None}
    problem = {"title": code_of(error).replace("-", " "), "detail": error.message}
    return {**facts, **problem, "code": code_of(error), "hint": error.hint}


def _plain(value: object) -> object:
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value if isinstance(value, str | int | float | bool) else str(value)
