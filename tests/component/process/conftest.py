"""Scenarios run on both kinds of loop, where the kind might matter."""

from __future__ import annotations

import asyncio
import ctypes
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop

from runtime_manager.process.reaper import is_subreaper

Run = Callable[[Coroutine[Any, Any, Any]], Any]

_LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(params=sorted(_LOOPS))
def run(request: pytest.FixtureRequest) -> Run:
    """A function that runs a coroutine to its end in a new loop of each kind."""

    def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
        with asyncio.Runner(loop_factory=_LOOPS[request.param]) as runner:
            return runner.run(coroutine)

    return run


@pytest.fixture(autouse=True)
def _orphans_are_init_s() -> None:
    """A test of the daemon's parts may have made this very process a subreaper (prctl(2))."""
    if sys.platform.startswith("linux") and is_subreaper():
        ctypes.CDLL(None).prctl(36, 0, 0, 0, 0)
