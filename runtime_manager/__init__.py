"""Runtime Manager: starts local service programs, watches them, and routes one port to them all.

`from runtime_manager import RuntimeManager` embeds the daemon in a Python program;
`from runtime_manager.client import Client` asks one that runs.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runtime_manager.daemon.embedded import RuntimeManager

__all__ = ["RuntimeManager", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Import the daemon when it is asked for, and not before: the command line cannot wait."""
    if name != "RuntimeManager":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return import_module("runtime_manager.daemon.embedded").RuntimeManager
