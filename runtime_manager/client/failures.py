"""What can go wrong between a client and the daemon."""

from __future__ import annotations

from runtime_manager.errors import RuntimeManagerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class NoDaemonError(RuntimeManagerError):
    """No daemon answers for this home."""

    code = "no-daemon"


class ProblemError(RuntimeManagerError):
    """The daemon answered with a problem (RFC 9457); `problem` is its document, whole."""

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
