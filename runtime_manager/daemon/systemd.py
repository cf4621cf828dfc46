"""What a service manager is told (sd_notify(3)); nothing happens where there is none.

Standard library only: a second `serve` answers before anything heavy is imported.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager

_SEND_S = 0.5  # a manager that does not read must not hold up the loop for longer


class ServiceManager:
    """Sends states to NOTIFY_SOCKET, which is taken out of `environ`: no child may speak for us.

    `watchdog_s` is how long it waits for a sign of life before it ends us; None: it does not watch
    us (sd_watchdog_enabled(3): WATCHDOG_PID may name another process).
    """

    def __init__(self, environ: MutableMapping[str, str]) -> None:
        self._address = environ.pop("NOTIFY_SOCKET", "")
        usec, pid = environ.pop("WATCHDOG_USEC", ""), environ.pop("WATCHDOG_PID", "")
        is_for_us = pid in ("", str(os.getpid())) and usec.isdigit() and int(usec) > 0
        self.watchdog_s = int(usec) / 1e6 if is_for_us and self._address else None

    @property
    def is_present(self) -> bool:
        """Whether somebody listens for our states."""
        return bool(self._address)

    def tell(self, *states: str) -> None:
        """Send `states`, as in `READY=1`; a manager that is gone is no error."""
        if not self._address:
            return
        address = self._address
        if address.startswith("@"):
            address = "\0" + address[1:]
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            sock.settimeout(_SEND_S)
            try:
                sock.connect(address)
                sock.send("\n".join(states).encode())
            except OSError:
                return

    @contextmanager
    def reloading(self) -> Iterator[None]:
        """Say that settings are read anew, and READY again afterwards, whatever came of it.

        The time goes with it, by which `Type=notify-reload` knows this reload from an earlier one.
        """
        self.tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
        try:
            yield
        finally:
            self.tell("READY=1")
