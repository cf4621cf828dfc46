"""`python -m benchmarks.soak`: a long life in a short time, and whether anything grows over it.

A daemon lives with providers that are probed ten times a second and more, crash, are restarted,
edited and upgraded, under traffic of every kind and with clients that come and go. What it holds is
looked at every few seconds; exit 1 where that grows beyond the limits stated.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence

from benchmarks import growth
from benchmarks.ground import Daemon, Home, running, temporary_home
from benchmarks.soaking import CODES, WORK, Stage, furnish

_LOOK_S = 5.0
_WARM_SHARE = 0.2
"""Caches, rings and pools fill up in this part, which is not judged."""


def main(words: Sequence[str] | None = None) -> int:
    """Live; what stands on stderr is progress, on stdout the result."""
    arguments = _parser().parse_args(words)
    with temporary_home() as home:
        furnish(home)
        with running(home) as daemon:
            looks, done = _lived(home, daemon, arguments.minutes * 60)
    judged = growth.judged(looks, warm_share=_WARM_SHARE)
    print(growth.as_text(judged, looks, done))
    return 0 if all(row.is_flat for row in judged) else 1


def _lived(home: Home, daemon: Daemon, seconds: float) -> tuple[list[growth.Look], Counter[str]]:
    """Looks at regular times, and how often what was done."""
    stage, over = Stage(home, daemon), threading.Event()
    workers = [threading.Thread(target=stage.keep, args=(work, over)) for work in WORK]
    looks: list[growth.Look] = []
    began = time.monotonic()
    daemon.start(CODES)
    for worker in workers:
        worker.start()
    try:
        while (at := time.monotonic() - began) < seconds:
            looks.append(growth.look(daemon.pid, at, tasks=stage.tasks()))
            print(_progress(looks[-1], stage.done), file=sys.stderr, flush=True)
            over.wait(min(_LOOK_S, max(0.0, seconds - at)))
    finally:
        over.set()
        for worker in workers:
            worker.join()
    return looks, stage.done + stage.counted_by_daemon()


def _progress(look: growth.Look, done: Counter[str]) -> str:
    held = ", ".join(f"{what} {value:.0f}" for what, value in look.values.items())
    return f"{look.at_s:5.0f} s: {held}; done: {sum(done.values())}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument(
        "--minutes", type=float, default=1.0, metavar="N", help="how long; 1 if not given"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
