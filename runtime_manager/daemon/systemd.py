"""What a service manager is told (sd_notify(3)); nothing happens where there is none."""

from __future__ import annotations

import socket
from collections.abc import MutableMapping


class ServiceManager:
    """Sends states to NOTIFY_SOCKET, which is taken out of `environ`: no child may speak for us."""

    def __init__(self, environ: MutableMapping[str, str]) -> None:
        self._address = environ.pop("NOTIFY_SOCKET", "")

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
            try:
                sock.connect(address)
                sock.send("\n".join(states).encode())
            except OSError:
                return
