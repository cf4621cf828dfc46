"""Where results and errors go, and how: text or JSON, colour, width."""

from __future__ import annotations

import json
import os
import sys

from runtime_manager.cli.failures import problem_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

    from runtime_manager.errors import RuntimeManagerError

_COLOURS = {"red": "31", "green": "32", "yellow": "33", "dim": "2", "bold": "1"}
STATE_COLOURS = {
    "ready": "green",
    "starting": "yellow",
    "stopping": "yellow",
    "backoff": "yellow",
    "unhealthy": "red",
    "failed": "red",
    "invalid": "red",
    "stopped": "dim",
}


class Terminal:
    """The two streams of one call and what they can show."""

    __slots__ = ("_is_coloured", "err", "is_json", "is_terminal", "out")

    def __init__(
        self, out: TextIO, err: TextIO, *, environ: Mapping[str, str], is_json: bool = False
    ) -> None:
        self.out = out
        self.err = err
        self.is_json = is_json
        self.is_terminal = out.isatty()
        # https://no-color.org: present and not empty
        is_plain = environ.get("NO_COLOR") or environ.get("TERM") == "dumb"
        self._is_coloured = self.is_terminal and not is_plain

    @property
    def width(self) -> int | None:
        """Columns of the terminal; None when the output is not one and is never cut."""
        if not self.is_terminal:
            return None
        try:
            return os.get_terminal_size(self.out.fileno()).columns or None
        except OSError:
            return None

    def line(self, text: str) -> None:
        """Write one line of the result, at once: a follower wants it now."""
        self.out.write(text + "\n")
        self.out.flush()

    def lines(self, texts: list[str]) -> None:
        """Write the result in one piece."""
        if texts:
            self.line("\n".join(texts))

    def document(self, document: object, *, is_compact: bool = False) -> None:
        """Write a result as JSON; compact is one line, for streams."""
        self.line(json.dumps(document, indent=None if is_compact else 2, ensure_ascii=False))

    def failure(self, error: RuntimeManagerError) -> None:
        """Say on the error stream what happened and what to do; of a bad file, each problem."""
        if self.is_json:
            self.err.write(json.dumps(problem_of(error), ensure_ascii=False) + "\n")
            return
        problems = error.facts.get("problems")
        if isinstance(problems, tuple) and len(problems) > 1:
            self.err.writelines(f"rtm: {text}\n" for text in problems)  # each with its own hint
            return
        self.err.write(f"rtm: {error.message}\n")
        if error.hint:
            self.err.write(f"hint: {error.hint}\n")

    def remark(self, text: str) -> None:
        """Say something on the error stream that is neither result nor failure; not in JSON."""
        if not self.is_json:
            self.err.write(text + "\n")

    def paint(self, text: str, colour: str | None) -> str:
        """The text in a colour by name, where colour can be shown."""
        if not self._is_coloured or colour is None:
            return text
        return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"

    def paint_state(self, text: str) -> str:
        """The state's name, padded or not, in its colour."""
        return self.paint(text, STATE_COLOURS.get(text.strip()))


def standard_terminal(*, is_json: bool) -> Terminal:
    """The process's own streams, which from now on replace what they cannot encode."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    return Terminal(sys.stdout, sys.stderr, environ=os.environ, is_json=is_json)
