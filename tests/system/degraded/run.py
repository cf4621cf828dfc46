"""Runs one shortage: a daemon of its own, with providers that must not notice."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from tests.system.child import HomeFolder, serve
from tests.system.degraded.shortage import BYSTANDERS, VICTIM, Outcome, Place, Shortage


def is_possible(shortage: Shortage) -> bool:
    """Whether this machine has what it takes."""
    return all(_has(need) for need in shortage.needs)


def _has(need: str) -> bool:
    if need == "root":
        return os.geteuid() == 0
    return Path(need).exists() if need.startswith("/") else shutil.which(need) is not None


def brought_about(shortage: Shortage, home: HomeFolder) -> Outcome:
    """What was told of it, once it is over and the daemon has ended well."""
    with shortage.furnish(home):
        env = {name: text.replace("HOME", str(home.root)) for name, text in shortage.env.items()}
        under = tuple(word.replace("HOME", str(home.root)) for word in shortage.under)
        daemon = serve(home, under=under, **env)
        try:
            daemon.wait_for(*BYSTANDERS, VICTIM)
            with daemon.watch() as watch:
                place = Place(daemon, watch, home.root / "serve.log")
                outcome = shortage.run(place)
                outcome = replace(outcome, effect=place.effect())
            assert daemon.stop() == 0
            assert not home.alive()
            return outcome
        finally:
            daemon.process.kill()
            daemon.process.wait()
            assert daemon.process.stdout is not None
            daemon.process.stdout.close()
