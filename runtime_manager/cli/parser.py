"""The argument parser, made from the table of verbs, and the help it prints."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module

from runtime_manager import __version__
from runtime_manager.cli.exit_codes import MEANINGS, ExitCode
from runtime_manager.cli.failures import UsageError
from runtime_manager.cli.verbs import GROUPS, VERBS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from runtime_manager.cli.verbs import Verb

_PURPOSE = "Starts local service programs, watches them, and routes one HTTP port to them all."
_WIDEST_HELP = 100
_VALUED_OPTIONS = ("--home", "--format")


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Takes its width from the terminal: argparse asks shutil, whose import takes 3 ms."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=_help_width())


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]  # raises, as NoReturn does
        raise UsageError(message, hint=f"{self.prog} --help tells more")


def verb_named(arguments: Sequence[str]) -> str | None:
    """The verb of a command line, None when it has none; raises UsageError for an unknown one."""
    words = iter(arguments)
    for word in words:
        if word in _VALUED_OPTIONS:
            next(words, None)
        elif not word.startswith("-"):
            return _known_verb(word)
    return None


def build_parser(verbs: Iterable[str] = VERBS) -> argparse.ArgumentParser:
    """The parser of these verbs; one alone is built four times as fast as all."""
    parser = _new_parser("rtm", usage="rtm VERB [options]", description=_overview())
    parser.add_argument("--version", action="version", version=f"runtime-manager {__version__}")
    _add_common(parser, home=None, format="text")
    names = tuple(verbs)
    # The overview lists the verbs by group, so argparse's own list of none is not shown; shtab
    # passes over what is suppressed. With prog given, argparse formats no usage line to find it.
    choices = parser.add_subparsers(
        dest="verb",
        metavar="VERB",
        prog="rtm",
        required=True,
        help=None if names else argparse.SUPPRESS,
    )
    for name in names:
        verb = VERBS[name]
        added = choices.add_parser(
            name,
            description=verb.purpose + ".",
            epilog=_epilog(verb),
            formatter_class=_HelpFormatter,
            allow_abbrev=False,
            help=verb.purpose,
        )
        import_module(f"runtime_manager.cli.{verb.module}").add_arguments(added)
        _add_common(added)
    return parser


def _new_parser(prog: str, *, usage: str, description: str) -> _Parser:
    return _Parser(
        prog=prog,
        usage=usage,
        description=description,
        formatter_class=_HelpFormatter,
        allow_abbrev=False,
    )


def _add_common(parser: argparse.ArgumentParser, **defaults: str | None) -> None:
    """Options of every verb; without `defaults` an absent one leaves what stood before the verb."""
    parser.add_argument(
        "--home",
        metavar="DIR",
        default=defaults.get("home", argparse.SUPPRESS),
        help="the home of providers and settings (default: $CORE_HOME, or ~/.core)",
    )
    parser.add_argument(
        "--format",
        choices=("text", "json"),
        default=defaults.get("format", argparse.SUPPRESS),
        help="for people, or for programs (default: text)",
    )


def _known_verb(word: str) -> str:
    if word in VERBS:
        return word
    from difflib import get_close_matches

    near = get_close_matches(word, VERBS, n=1)
    hint = f"did you mean {near[0]}?" if near else "rtm --help lists the verbs"
    raise UsageError(f"there is no verb {word!r}", hint=hint)


def _overview() -> str:
    parts = [_PURPOSE]
    for title, verbs in GROUPS.items():
        rows = [f"  {name:<12}{verb.purpose}" for name, verb in verbs.items()]
        parts.append("\n".join([f"{title}:", *rows]))
    parts.append(_exit_code_lines(tuple(ExitCode)))
    parts.append("rtm VERB --help tells all about one verb, with examples.")
    return "\n\n".join(parts)


def _epilog(verb: Verb) -> str:
    examples = "\n".join(["examples:", *(f"  {example}" for example in verb.examples)])
    notes = "\n".join(verb.notes)
    return "\n\n".join(filter(None, [examples, notes, _exit_code_lines(verb.exit_codes)]))


def _exit_code_lines(codes: Sequence[ExitCode]) -> str:
    rows = [f"  {code:<4}{MEANINGS[code]}" for code in sorted(codes)]
    return "\n".join(["exit codes:", *rows])


def _help_width() -> int:
    try:
        columns = os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError, AttributeError):
        columns = 0
    return min(columns or 80, _WIDEST_HELP) - 2
