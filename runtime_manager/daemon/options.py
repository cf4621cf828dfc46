"""What `serve` was asked for on its command line. Standard library only: the CLI fills it in."""

from collections.abc import Mapping
from dataclasses import dataclass, field

FIRST_CLIENT_S = 30.0
"""So long a daemon that was started for clients waits for the first."""


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """The flags of `serve`; None means the flag was not given and the settings decide."""

    home: str | None = None
    listen: str | None = None
    announce: bool = False
    exit_on_stdin_eof: bool = False
    parent_pid: int | None = None
    lease: bool = False
    replace: bool = False
    log_level: str | None = None
    log_format: str | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    """Others by their dotted names, as `gateway.wait`; over all that is written elsewhere."""

    @property
    def is_tied(self) -> bool:
        """Whether this process is to hold the daemon up itself."""
        return self.exit_on_stdin_eof or self.parent_pid is not None

    @property
    def is_for_clients(self) -> bool:
        """Whether the daemon is to end with its last client."""
        return self.lease or self.is_tied
