"""The entry point: a command line in, an exit code out; every expected failure becomes words."""

from __future__ import annotations

import os
import sys
from importlib import import_module

from runtime_manager.cli.exit_codes import ExitCode, exit_code_of
from runtime_manager.cli.parser import build_parser, verb_named
from runtime_manager.cli.terminal import Terminal, standard_terminal
from runtime_manager.cli.verbs import VERBS
from runtime_manager.client.failures import code_of
from runtime_manager.errors import RuntimeManagerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (None: the process's own) and return its exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    terminal = standard_terminal(is_json=_asks_for_json(words))
    try:
        return _guarded(words, terminal)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        _forget_output()
        return ExitCode.DONE


def _guarded(words: Sequence[str], terminal: Terminal) -> int:
    try:
        exit_code = _run(words, terminal)
        terminal.out.flush()
        return exit_code
    except RuntimeManagerError as error:
        terminal.failure(error)
        return exit_code_of(code_of(error))
    except BrokenPipeError:
        raise
    except OSError as error:
        terminal.failure(RuntimeManagerError(str(error)))
        try:
            terminal.out.flush()
        except OSError:  # what could not be written cannot be at the interpreter's end either
            _forget_output()
        return ExitCode.FAILED


def _run(words: Sequence[str], terminal: Terminal) -> int:
    verb = verb_named(words)
    if not words:
        build_parser(()).print_help(terminal.err)
        return ExitCode.USAGE
    try:
        parsed = build_parser((verb,) if verb else ()).parse_args(words)
    except SystemExit as exit_:  # argparse's way out of --help and --version
        return int(exit_.code or 0)
    terminal.is_json = parsed.format == "json"
    module = import_module(f"runtime_manager.cli.{VERBS[parsed.verb].module}")
    return int(module.run(parsed, terminal))


def _asks_for_json(words: Sequence[str]) -> bool:
    """Whether errors are wanted as JSON; asked before parsing, whose errors count too."""
    line = " ".join(words)
    return "--format json" in line or "--format=json" in line


def _forget_output() -> None:
    """Nobody can take our output: let the interpreter's last flush go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
