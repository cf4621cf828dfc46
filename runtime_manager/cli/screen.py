"""A terminal's whole screen for a while: drawn over and over, and given back as it was."""

from __future__ import annotations

import os
import select
import sys
import termios
import tty

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self, TextIO

_ENTER = "\x1b[?1049h\x1b[?25l"  # another screen, no cursor (xterm's control sequences)
_LEAVE = "\x1b[?25h\x1b[?1049l"
_HOME, _CLEAR_LINE, _CLEAR_BELOW = "\x1b[H", "\x1b[K", "\x1b[J"


class Screen:
    """Takes the screen on entering; keys come at once and are not shown."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._keys = sys.stdin.fileno()
        self._before: list[object] = []

    def __enter__(self) -> Self:
        self._before = termios.tcgetattr(self._keys)
        tty.setcbreak(self._keys)  # Ctrl-C is still a signal
        self._out.write(_ENTER)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._out.write(_LEAVE)
        self._out.flush()
        termios.tcsetattr(self._keys, termios.TCSADRAIN, self._before)  # type: ignore[arg-type]

    @property
    def height(self) -> int:
        """Lines there are."""
        return os.get_terminal_size(self._out.fileno()).lines or 24

    def draw(self, lines: list[str]) -> None:
        """Show these lines from the top, as many as there is room for."""
        shown = lines[: self.height]
        self._out.write(_HOME + "\n".join(line + _CLEAR_LINE for line in shown) + _CLEAR_BELOW)
        self._out.flush()

    def key(self, *, within_s: float) -> str:
        """The next key, or an empty text when none is pressed in time, or no more can be."""
        if not select.select([self._keys], [], [], within_s)[0]:
            return ""
        return os.read(self._keys, 1).decode(errors="replace") or "q"
