"""A line on the terminal that tells how far a long step has come, and goes when it is done."""

from __future__ import annotations

from time import monotonic

from runtime_manager.cli.human import size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

    from runtime_manager.cli.terminal import Terminal

_EVERY_S = 0.1
_BAR = 24
_CLEAR = "\r\x1b[K"


class ProgressLine:
    """Use as a context manager, and call it as `packages.progress.Progress` is called.

    Shows nothing where the error stream is no terminal, or the output is JSON.
    """

    def __init__(self, terminal: Terminal, what: str) -> None:
        self._terminal = terminal
        self._what = what
        self._is_shown = terminal.err.isatty() and not terminal.is_json
        self._next = 0.0
        self._phase = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.clear()

    def __call__(self, phase: str, done: int, total: int | None) -> None:
        """Show the step; at most every 0.1 s, and at the beginning and end of a phase."""
        now = monotonic()
        if self._is_shown and (now >= self._next or phase != self._phase or done == total):
            self._next, self._phase = now + _EVERY_S, phase
            self._terminal.err.write(_CLEAR + progress_text(self._what, phase, done, total))
            self._terminal.err.flush()

    def clear(self) -> None:
        """Take the line away, so that something else can be said."""
        if self._phase:
            self._phase = ""
            self._terminal.err.write(_CLEAR)
            self._terminal.err.flush()


def progress_text(what: str, phase: str, done: int, total: int | None) -> str:
    """`cool  unpack [#####.....]  50 %  5.0 MiB`; counts of files where the phase is hash."""
    amount = f"{done} files" if phase == "hash" else size(done)
    if not total and not done:
        return f"{what}  {phase}"
    if not total:
        return f"{what}  {phase}  {amount}"
    share = min(done / total, 1.0)
    bar = "#" * int(share * _BAR)
    return f"{what}  {phase:<6} [{bar:.<{_BAR}}] {share:4.0%}  {amount}"
