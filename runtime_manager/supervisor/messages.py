"""What can be left for a runner; it takes one at a time."""

from __future__ import annotations

from dataclasses import dataclass

from runtime_manager.lifecycle.table import Input
from runtime_manager.model.provider import Provider
from runtime_manager.supervisor.view import Cause, Exit


@dataclass(frozen=True, slots=True)
class Message:
    """An input for the table, with the cause it brings and what else is worth telling."""

    input: Input
    cause: Cause | None = None
    probe: str | None = None
    exit: Exit | None = None


@dataclass(frozen=True, slots=True)
class Adoption:
    """Another reading of the package, and why it is worth a restart; None where it is not."""

    provider: Provider
    cause: Cause | None


@dataclass(frozen=True, slots=True)
class Remark:
    """Something worth telling of a generation, which goes on as it is; or that it is over."""

    generation: int
    warning: Cause
    is_over: bool = False
