"""`python -m process_provider SOCKET`: serves until SIGTERM, then ends every command."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from .api import Api
from .server import Server
from .settings import Settings, command_environment, read_settings
from .table import Table

GRACE_S = 3.0
"""For the commands; the manifest's `grace` must be longer."""

BAD_CONFIGURATION = 78  # EX_CONFIG of sysexits.h


def main() -> None:
    """Run until asked to end."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m process_provider SOCKET")
    asked = _signals()
    settings = _settings()
    table = Table(settings, env=command_environment(os.environ))
    server = Server(Path(sys.argv[1]), Api(table))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}).start()
    print(f"commands run below {settings.root}", file=sys.stderr, flush=True)
    try:
        os.read(asked, 1)
    finally:
        table.close(grace_s=GRACE_S)
        server.wait_for_streams(timeout_s=1.0)
        server.shutdown()
        server.server_close()


def _signals() -> int:
    """A descriptor that is readable once SIGTERM or SIGINT has come.

    Python runs handlers in the main thread only, when it next can: one that waits, for a lock or
    for anything, sleeps on when the kernel gives the signal to another thread. The wakeup
    descriptor is written to by whichever thread has it.
    """
    asked, ask = os.pipe()
    os.set_blocking(ask, False)
    signal.set_wakeup_fd(ask)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    return asked


def _settings() -> Settings:
    try:
        return read_settings(os.environ)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        sys.exit(BAD_CONFIGURATION)


main()
