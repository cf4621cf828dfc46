"""The daemon's log: fixed event names, key=value facts, no secrets.

Only floors 4 to 8 log. A line is JSON for collectors, or text for people; under systemd it starts
with the priority the journal reads (sd-daemon(3)).
"""

from __future__ import annotations

import logging
import os
import re
from typing import TYPE_CHECKING, Any, Protocol, TextIO, cast

import structlog

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from structlog.typing import Processor

_SECRET_KEY = re.compile(r"token|secret|password|authorization|cookie|credential|api_?key", re.I)
_SECRET_TEXT = re.compile(r"(?i)(bearer\s+|[?&](?:token|code|key)=)[^\s&\"']+")
_PRIORITY = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
_ODD = re.compile(r"[\s=\"']")
HIDDEN = "[hidden]"


def hide_secrets(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Replace values whose key names a secret, and bearer tokens inside any text."""
    for key, value in event.items():
        if _SECRET_KEY.search(key) and not key.endswith("_file"):
            event[key] = HIDDEN
        elif isinstance(value, str):
            event[key] = _SECRET_TEXT.sub(rf"\1{HIDDEN}", value)
    return event


def _with_priority(render: Processor) -> Processor:
    def rendered(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
        prefix = f"<{_PRIORITY.get(str(event.get('level', method)), 6)}>"
        lines = str(render(logger, method, event)).splitlines()
        return "\n".join(prefix + line for line in lines)

    return rendered


def is_journal(stream: Stream, environ: Mapping[str, str]) -> bool:
    """Whether `stream` goes to the journal: JOURNAL_STREAM names its device and inode.

    The variable alone tells nothing: it is inherited by who writes elsewhere (systemd.exec(5)).
    """
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def _renderer(log_format: str, stream: Stream) -> Processor:
    if log_format == "json":
        return structlog.processors.JSONRenderer()
    if stream.isatty() and "NO_COLOR" not in os.environ:
        return structlog.dev.ConsoleRenderer(colors=True, pad_event_to=24, sort_keys=False)
    return as_text


def as_text(_logger: object, method: str, event: MutableMapping[str, Any]) -> str:
    """A line as structlog's ConsoleRenderer writes it without colours, at a fifth of the cost."""
    time, level = event.pop("timestamp", ""), event.pop("level", method)
    name, trace = event.pop("event", ""), event.pop("exception", "")
    facts = " ".join([f"{key}={_shown(value)}" for key, value in event.items()])
    line = f"{time} [{level:<9}] {name:<24} {facts}".strip()
    return f"{line}\n{trace}" if trace else line


def _shown(value: object) -> str:
    is_plain = isinstance(value, str) and not _ODD.search(value)
    return str(value) if is_plain else repr(value)


class Stream(Protocol):
    """Where lines go. Must not block or raise: the loop writes to it."""

    def write(self, text: str, /) -> object:
        """Take one line, or several, each with its end."""
        ...

    def flush(self) -> object:
        """See `write`."""
        ...

    def fileno(self) -> int:
        """Its descriptor. Raises OSError or ValueError where there is none."""
        ...

    def isatty(self) -> bool:
        """Whether a person may be reading."""
        ...


class Libraries(logging.Handler):
    """Has what libraries log (asyncio, aiohttp) said as events of ours."""

    def emit(self, record: logging.LogRecord) -> None:
        """See logging.Handler."""
        said = record.getMessage()
        facts = {"exc_info": record.exc_info} if record.exc_info else {}
        structlog.get_logger().log(
            record.levelno, "library.said", library=record.name, said=said, **facts
        )


def configure(*, level: str, log_format: str, stream: Stream) -> None:
    """Set up structlog for this process; `log_format` is auto, text or json.

    `auto` is text; where `stream` is the journal, with its priorities and without a time, which
    the journal has itself.
    """
    render = _renderer(log_format, stream)
    stamps: list[Processor] = [structlog.processors.TimeStamper(fmt="iso", utc=True)]
    if log_format == "auto" and is_journal(stream, os.environ):
        render, stamps = _with_priority(render), []
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            *stamps,
            hide_secrets,
            structlog.processors.format_exc_info,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, stream)),  # a line is one write
        cache_logger_on_first_use=False,
    )
