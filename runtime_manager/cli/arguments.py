"""Argument types and arguments that several verbs share."""

from __future__ import annotations

import argparse

from runtime_manager.cli.human import parse_seconds

STATES = (
    "stopped",
    "starting",
    "ready",
    "unhealthy",
    "stopping",
    "backoff",
    "failed",
    "invalid",
)


def duration(text: str) -> float:
    """Seconds of `500ms`, `30s`, `10m`; for argparse's `type`."""
    try:
        return parse_seconds(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(str(exc)) from None


def count(text: str) -> int:
    """A whole number from 0; for argparse's `type`."""
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0")
    return int(text)


def add_timeout(parser: argparse.ArgumentParser) -> None:
    """Add `--timeout`, seconds in `timeout_s`."""
    parser.add_argument(
        "--timeout",
        dest="timeout_s",
        metavar="TIME",
        type=duration,
        default=30.0,
        help="how long to wait, such as 500ms, 30s, 10m (default: 30s)",
    )


def add_index(parser: argparse.ArgumentParser) -> None:
    """Add `--index`, places in `index`; None where none was given."""
    parser.add_argument(
        "--index",
        action="append",
        metavar="URL",
        help="an index to look in, in place of `indexes` in config.yaml: https://…, http:// on "
        "this machine, or a path; may be repeated, the first that has a package gives it",
    )
