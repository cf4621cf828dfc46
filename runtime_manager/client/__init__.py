"""Floor 3: asking a daemon. The standard library alone, but for the asynchronous Client.

`from runtime_manager.client import Client` is the way in for programs; the command line takes what
it needs from the modules, so that it need not wait for aiohttp.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runtime_manager.client.client import Client
    from runtime_manager.client.failures import NoDaemonError, ProblemError
    from runtime_manager.client.values import Cause, Event, LogLine, Provider

__all__ = ["Cause", "Client", "Event", "LogLine", "NoDaemonError", "ProblemError", "Provider"]


def __getattr__(name: str) -> object:
    """Import what is asked for, and only then."""
    from importlib import import_module

    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "Client":
        module = "client"
    else:
        module = "failures" if name.endswith("Error") else "values"
    return getattr(import_module(f"{__name__}.{module}"), name)
