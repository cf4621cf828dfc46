"""What `serve` was asked for on its command line. Standard library only: the CLI fills it in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """The flags of `serve`; None means the flag was not given and the settings decide."""

    home: str | None = None
    listen: str | None = None
    announce: bool = False
    exit_on_stdin_eof: bool = False
    parent_pid: int | None = None
    log_level: str | None = None
    log_format: str | None = None
