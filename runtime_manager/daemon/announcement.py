"""The one line on standard output by which a program that starts us learns where we listen.

Nothing else of ours is ever written there while it is asked for: the stream may be a protocol's.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

from runtime_manager.client.whereabouts import Whereabouts
from runtime_manager.errors import RuntimeManagerError

_TOLD = ("url", "socket", "pid", "token_file", "version", "api")


def announce(whereabouts: Whereabouts, *, is_existing: bool = False) -> None:
    """Say where the daemon listens; `is_existing`: another process has been that daemon already."""
    told = {name: getattr(whereabouts, name) for name in _TOLD}
    _print({"event": "listening", **told, **({"existing": True} if is_existing else {})})


def announce_failure(error: RuntimeManagerError) -> None:
    """Say why there is no daemon."""
    _print({"event": "error", "code": error.code, "message": error.message, "hint": error.hint})


def _print(facts: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()
