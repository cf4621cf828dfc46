"""The daemon's log on standard error, which holds nobody up."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack

import structlog

from runtime_manager import log
from runtime_manager.log_stream import LogStream
from runtime_manager.model.settings import Settings

_log = structlog.get_logger()
_STDERR = 2
_LOST = "who reads it has stopped reading, or its disk was full"


def log_to_stderr(stack: AsyncExitStack) -> Callable[[Settings], None]:
    """Log there as the settings given to the result say, until `stack` is left."""
    stream = LogStream(_stderr(), recovered=_tell_of_lost)
    stack.callback(stream.close)

    def configure(settings: Settings) -> None:
        log.configure(level=settings.log.level, log_format=settings.log.format, stream=stream)

    return configure


def take_libraries(stack: AsyncExitStack) -> None:
    """What libraries log is ours to log too, until `stack` is left."""
    libraries = log.Libraries()
    logging.getLogger().addHandler(libraries)
    stack.callback(logging.getLogger().removeHandler, libraries)


def _stderr() -> int:
    """Its descriptor. A program that we are embedded in may have put an object in its place.

    None was open where Python has no object: its number may be another file's by now.
    """
    try:
        return -1 if sys.stderr is None else sys.stderr.fileno()
    except (OSError, ValueError):
        return _STDERR


def _tell_of_lost(lines: int) -> None:
    _log.warning("log.lines_lost", lines=lines, hint=_LOST)
