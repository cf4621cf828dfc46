from __future__ import annotations

import io
import json

import pytest

from runtime_manager.cli.terminal import Terminal
from runtime_manager.errors import RuntimeManagerError, SettingsError


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def terminal_of(out: io.StringIO, *, is_json: bool = False, **environ: str) -> Terminal:
    return Terminal(out, io.StringIO(), environ=environ, is_json=is_json)


@pytest.mark.parametrize(
    ("out", "environ", "painted"),
    [
        (Screen(), {}, "\x1b[32mready\x1b[0m"),
        (Screen(), {"NO_COLOR": ""}, "\x1b[32mready\x1b[0m"),
        (Screen(), {"NO_COLOR": "1"}, "ready"),
        (Screen(), {"TERM": "dumb"}, "ready"),
        (io.StringIO(), {}, "ready"),
    ],
)
def test_colour_is_for_terminals_that_want_it(
    out: io.StringIO, environ: dict[str, str], painted: str
) -> None:
    assert terminal_of(out, **environ).paint_state("ready") == painted


def test_an_unknown_state_has_no_colour() -> None:
    assert terminal_of(Screen()).paint_state("new") == "new"


def test_what_is_no_terminal_has_no_width() -> None:
    assert terminal_of(io.StringIO()).width is None
    assert terminal_of(Screen()).width is None  # it has no descriptor to ask


def test_a_failure_is_said_with_its_hint() -> None:
    terminal = terminal_of(io.StringIO())
    terminal.failure(RuntimeManagerError("it broke", hint="mend it"))
    terminal.failure(RuntimeManagerError("again"))
    assert terminal.err.getvalue() == "rtm: it broke\nhint: mend it\nrtm: again\n"


def test_of_a_bad_file_each_problem_is_said_with_its_own_hint() -> None:
    terminal = terminal_of(io.StringIO())
    problems = ("c.yaml:1: a: bad (h)", "c.yaml:3: b: worse")
    terminal.failure(SettingsError("c.yaml:1: a: bad; and 1 more", hint="h", problems=problems))
    assert terminal.err.getvalue() == "rtm: c.yaml:1: a: bad (h)\nrtm: c.yaml:3: b: worse\n"


def test_a_failure_for_programs_is_one_line_of_json() -> None:
    terminal = terminal_of(io.StringIO(), is_json=True)
    terminal.failure(RuntimeManagerError("it broke", hint="mend it"))
    terminal.remark("not said to programs")
    told = json.loads(terminal.err.getvalue())
    assert told == {"title": "error", "detail": "it broke", "code": "error", "hint": "mend it"}


def test_no_lines_write_nothing() -> None:
    terminal = terminal_of(io.StringIO())
    terminal.lines([])
    terminal.lines(["a", "b"])
    assert terminal.out.getvalue() == "a\nb\n"
