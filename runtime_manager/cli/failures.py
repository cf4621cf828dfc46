"""Failures of the command line, and every failure as a problem (RFC 9457)."""

from __future__ import annotations

from runtime_manager.client.failures import ProblemError, code_of
from runtime_manager.errors import RuntimeManagerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class UsageError(RuntimeManagerError):
    """The command line cannot be understood."""

    code = "usage"


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
