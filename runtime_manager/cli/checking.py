"""`rtm check`: the promises of a package, tried one after the other; for authors and their CI."""

from __future__ import annotations

import signal
from contextlib import closing
from time import monotonic

from runtime_manager.cli.exit_codes import ExitCode
from runtime_manager.cli.failures import UsageError
from runtime_manager.cli.human import printable
from runtime_manager.cli.table import pad

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Any

    from runtime_manager.cli.terminal import Terminal
    from runtime_manager.conformance.promises import Finding

_SHOWN = {"kept": "ok", "broken": "BROKEN", "not-applicable": "-", "not-tried": "not tried"}
_COLOURS = {"kept": "green", "broken": "red", "not-applicable": "dim", "not-tried": "yellow"}
_VERDICT_WIDTH = 11
_TITLE_WIDTH = 47
_INDENT = " " * (2 + _VERDICT_WIDTH)


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `check`."""
    parser.add_argument("folder", metavar="DIR", nargs="?", default=".", help="default: here")
    parser.add_argument(
        "--with",
        dest="others",
        metavar="DIR",
        action="append",
        default=[],
        help="another package, which this one depends on; may be repeated (those beside it are"
        " found without)",
    )


def run(arguments: Namespace, terminal: Terminal) -> ExitCode:
    """Try every promise; BAD_CONFIGURATION for a bad manifest, FAILED for any other broken one."""
    from runtime_manager.conformance.kit import check

    folder, *others = (_folder(text) for text in (arguments.folder, *arguments.others))
    signal.signal(signal.SIGTERM, _interrupt)
    begun = monotonic()
    findings: list[Finding] = []
    if not terminal.is_json:
        terminal.line(f"{terminal.paint(printable(folder.name), 'bold')}  {folder}\n")
    with closing(check(folder, others=others)) as tried:
        for finding in tried:
            findings.append(finding)
            if not terminal.is_json:
                terminal.lines(_lines(finding, terminal))
    took_s = monotonic() - begun
    if terminal.is_json:
        terminal.document(_document(folder, findings, took_s=took_s))
    else:
        terminal.line(f"\n{_summary(findings, terminal)} in {took_s:.1f} s")
    return _exit_code(findings)


def _folder(text: str) -> Path:
    from pathlib import Path

    folder = Path(text).expanduser()
    if not folder.is_dir():
        raise UsageError(f"{text} is no folder", hint="name the folder that has the manifest.yaml")
    return folder.resolve()


def _interrupt(_number: int, _frame: object) -> None:
    """SIGTERM ends it as Ctrl-C does, so that what it has started ends too."""
    raise KeyboardInterrupt


def _lines(finding: Finding, terminal: Terminal) -> list[str]:
    """One line for a promise that is kept; the reason and what to do below one that is not."""
    verdict = pad(_SHOWN[finding.verdict], _VERDICT_WIDTH)
    head = f"  {terminal.paint(verdict, _COLOURS[finding.verdict])}"
    if finding.verdict != "broken":
        reason = terminal.paint(finding.reason, "dim")
        return [f"{head}{pad(finding.promise.words, _TITLE_WIDTH)}{reason}".rstrip()]
    reasons = [f"{_INDENT}  {line}" for line in finding.reason.splitlines()]
    hint = [f"{_INDENT}  do: {finding.hint}"] if finding.hint else []
    return [f"{head}{finding.promise.words}", *reasons, *hint]


def _summary(findings: Sequence[Finding], terminal: Terminal) -> str:
    counts = _counts(findings)
    words = {"kept": "kept", "broken": "broken", "not-applicable": "not applicable"}
    words["not-tried"] = "not tried"
    return ", ".join(
        terminal.paint(f"{counts[verdict]} {word}", _COLOURS[verdict])
        for verdict, word in words.items()
        if counts[verdict]
    )


def _counts(findings: Sequence[Finding]) -> dict[str, int]:
    verdicts = [str(finding.verdict) for finding in findings]
    return {verdict: verdicts.count(verdict) for verdict in _SHOWN}


def _document(folder: Path, findings: Sequence[Finding], *, took_s: float) -> dict[str, Any]:
    promises = [
        {
            "promise": str(one.promise),
            "title": one.promise.words,
            "verdict": str(one.verdict),
            "reason": one.reason,
            "hint": one.hint,
        }
        for one in findings
    ]
    return {
        "folder": str(folder),
        "is_kept": _exit_code(findings) is ExitCode.DONE,
        "took_s": round(took_s, 3),
        "counts": _counts(findings),
        "promises": promises,
    }


def _exit_code(findings: Sequence[Finding]) -> ExitCode:
    bad = [one for one in findings if one.verdict in ("broken", "not-tried")]
    if not bad:
        return ExitCode.DONE
    return ExitCode.BAD_CONFIGURATION if bad[0].promise == "manifest" else ExitCode.FAILED
