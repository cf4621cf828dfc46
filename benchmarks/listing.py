"""`rtm list`: the question that scripts and prompts ask most."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.figures import Limit, Row, Section, Unit
from benchmarks.ground import RTM, environment, running, temporary_home
from benchmarks.rounds import Effort, in_turns, seconds

_PROVIDERS = 20


def measure(effort: Effort) -> Section:
    """Three times the rounds: one takes little, and the smallest things are the noisiest."""
    with temporary_home() as home:
        home.add_many(_PROVIDERS)
        with running(home):
            listing = (RTM, "list", "--home", str(home.root))
            ours, beside = in_turns(
                3 * effort.rounds,
                lambda: _run(*listing),
                lambda: _run(sys.executable, "-c", "pass"),
            )
    row = Row("rtm list", Unit.SECONDS, ours, beside, Limit(factor=5))
    return Section("list", f"rtm list of {_PROVIDERS} providers", "python -c pass", (row,))


def _run(*words: str) -> float:
    return seconds(
        lambda: subprocess.run(words, check=True, stdout=subprocess.DEVNULL, env=environment())
    )
