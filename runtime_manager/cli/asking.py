"""A question to the person at the terminal."""

from __future__ import annotations

import sys

from runtime_manager.cli.failures import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runtime_manager.cli.terminal import Terminal


def agreed(question: str, terminal: Terminal, *, is_agreed: bool) -> bool:
    """Whether the answer is yes. `is_agreed`: it was given already, by --yes.

    Raises UsageError where nobody can be asked.
    """
    if is_agreed:
        return True
    if terminal.is_json or not sys.stdin.isatty():
        raise UsageError(f"{question}: nobody is here to be asked", hint="agree with --yes")
    terminal.err.write(f"{question} [y/N] ")
    terminal.err.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
