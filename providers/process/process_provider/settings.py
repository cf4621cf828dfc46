"""What an operator may set, from the environment; and the environment commands are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MARKER = "RTM_INSTANCE"
"""By this the supervisor knows what it has to end, so a command cannot be without it."""

_OURS = ("RTM_", "PROVIDER_", "PROCESS_", "LISTEN_")
_OURS_EXACTLY = frozenset({"NOTIFY_SOCKET", "PORT", "HOST"})


@dataclass(frozen=True, slots=True)
class Settings:
    """Bounds. `root` is the folder all working directories are in, links resolved."""

    root: Path
    max_running: int
    max_ended: int
    max_lines: int


def read_settings(environ: Mapping[str, str]) -> Settings:
    """The settings in PROCESS_ROOT, PROCESS_MAX_RUNNING, PROCESS_MAX_ENDED, PROCESS_MAX_LINES.

    The root is the provider's data directory by default; it is made where there is none. Raises
    ValueError for what is no number above 0, OSError where the root cannot be.
    """
    root = Path(environ.get("PROCESS_ROOT") or environ.get("PROVIDER_DATA_DIR", ""))
    if not root.is_absolute():
        raise ValueError(f"PROCESS_ROOT is {str(root)!r}; expected an absolute path")
    root.mkdir(parents=True, exist_ok=True)
    return Settings(
        root=root.resolve(strict=True),
        max_running=_number(environ, "PROCESS_MAX_RUNNING", 16),
        max_ended=_number(environ, "PROCESS_MAX_ENDED", 50),
        max_lines=_number(environ, "PROCESS_MAX_LINES", 2000),
    )


def command_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The provider's own environment without what speaks of the provider, but with the marker."""
    return {
        name: value
        for name, value in environ.items()
        if name == MARKER or not (name.startswith(_OURS) or name in _OURS_EXACTLY)
    }


def _number(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name, str(default))
    if not text.isascii() or not text.isdecimal() or int(text) == 0:
        raise ValueError(f"{name} is {text!r}; expected a whole number above 0")
    return int(text)
