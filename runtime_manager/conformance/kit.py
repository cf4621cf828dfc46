"""Tries every promise of a package, one after the other, in a scratch home that is then gone."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

from runtime_manager.conformance import health, package, reached
from runtime_manager.conformance.answers import NoAnswerError
from runtime_manager.conformance.life import Life
from runtime_manager.conformance.promises import (
    Finding,
    Promise,
    Verdict,
    not_tried,
)
from runtime_manager.conformance.scratch import ScratchHome
from runtime_manager.errors import DaemonError
from runtime_manager.model.provider import Provider

_MARGIN_S = 10.0


def check(folder: Path, *, others: Sequence[Path] = ()) -> Generator[Finding]:
    """Every promise of the package in `folder`, in order, each as soon as it is known.

    What it depends on is looked for in `others` and beside it. Blocks for some seconds; to be
    closed where it is not read to its end. Raises DaemonError where the daemon does not start.
    """
    manifest, provider = package.manifest(folder)
    yield manifest
    if provider is None:
        yield from _untried_after(Promise.MANIFEST, "the manifest is not valid")
        return
    program = package.program(provider)
    yield program
    yield package.element_file(provider)
    if program.verdict is Verdict.BROKEN:
        yield from _untried_after(Promise.ELEMENT_FILE, "there is no program to start")
        return
    needed = package.needed(provider, others)
    if needed.missing:
        names = ", ".join(needed.missing)
        reason = f"it depends on {names}, found neither beside it nor by --with"
        yield from _untried_after(Promise.ELEMENT_FILE, reason)
        return
    yield from _started(provider, needed.providers)


def _started(provider: Provider, others: Sequence[Provider]) -> Iterator[Finding]:
    """The promises that need it to run."""
    patience_s = _MARGIN_S + sum(
        one.manifest.health.start_timeout_s + one.manifest.stop.drain_s + one.manifest.stop.grace_s
        for one in (provider, *others)
    )
    folders = [provider.folder, *(other.folder for other in others)]
    last = Promise.ELEMENT_FILE
    with ScratchHome(folders, wait_s=patience_s) as home:
        try:
            for finding in _lives(provider, home, patience_s=patience_s):
                last = finding.promise
                yield finding
        except NoAnswerError as error:
            raise DaemonError(f"the daemon on the scratch home does not answer: {error}") from error
    yield from _untried_after(last, "it was never ready")


def _lives(provider: Provider, home: ScratchHome, *, patience_s: float) -> Iterator[Finding]:
    """Two lives on the same home; only the first findings where it does not come up."""
    with home.daemon() as daemon:
        life = Life(provider, daemon, home.seen, patience_s=patience_s)
        yield life.begin()
        ready = life.ready()
        yield ready
        if ready.verdict is not Verdict.KEPT:
            return
        yield health.answers(
            str(daemon.provider(provider.code)["endpoint"]), provider.manifest.health
        )
        yield from reached.through_the_gateway(daemon, provider)
        yield life.listens()
        restarts = life.restarts()
        yield restarts
        if restarts.verdict is Verdict.KEPT:
            yield from life.ends()
        else:
            yield not_tried(Promise.ENDS, "it did not survive the restart")
            yield not_tried(Promise.LEAVES_NOTHING, "it did not survive the restart")
    with home.daemon() as daemon:
        again = Life(provider, daemon, home.seen, patience_s=patience_s)
        again.begin()
        yield again.ready(Promise.STARTS_AGAIN)


def _untried_after(promise: Promise, reason: str) -> Iterator[Finding]:
    every = list(Promise)
    for one in every[every.index(promise) + 1 :]:
        yield not_tried(one, reason)
