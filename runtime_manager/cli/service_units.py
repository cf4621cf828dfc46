"""The unit files of a service: their text with the real path of `rtm`, and where they belong."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from runtime_manager.cli.failures import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SOCKET = "runtime-manager.socket"
SERVICE = "runtime-manager.service"
_TEXTS = Path(__file__).parent / "units"
_WRITTEN_AS = "/usr/bin/rtm"
_LISTENS_AT = "ListenStream=127.0.0.1:9880"
_HIDDEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108  # none is used
"""What ProtectHome= and PrivateTmp= hide from the system service (systemd.exec(5))."""


def unit_files(
    command: Sequence[str], *, is_user: bool, listen: str | None = None, home: str | None = None
) -> dict[str, str]:
    """The text of each unit by its name; `command` is how rtm is started, by absolute path."""
    rtm = " ".join(map(_word, command))
    service = (_TEXTS / "user" / SERVICE if is_user else _TEXTS / SERVICE).read_text("utf-8")
    if home is not None:
        place = f" --home {_word(home)}"
        service = service.replace(" serve\n", f" serve{place}\n")
        service = service.replace(" reload --wait\n", f" reload --wait{place}\n")
    socket = (_TEXTS / SOCKET).read_text("utf-8")
    if listen is not None:
        socket = socket.replace(_LISTENS_AT, f"ListenStream={listen}")
    return {SERVICE: service.replace(f"={_WRITTEN_AS} ", f"={rtm} "), SOCKET: socket}


def unit_folder(environ: Mapping[str, str], *, is_user: bool) -> Path:
    """Where an administrator's, or a user's own, units lie (systemd.unit(5))."""
    if not is_user:
        return Path("/etc/systemd/system")
    base = environ.get("XDG_CONFIG_HOME") or str(Path(environ.get("HOME") or "~", ".config"))
    return Path(base).expanduser() / "systemd" / "user"


def own_command(*, is_user: bool) -> list[str]:
    """How this very program is started again. Raises UsageError where a service could not."""
    program = Path(sys.argv[0])
    if program.name in ("rtm", "runtime-manager") and os.access(program, os.X_OK):
        command = [os.path.abspath(program)]  # noqa: PTH100  # a link, as of pipx, outlives upgrades
    else:
        command = [sys.executable, "-m", "runtime_manager"]
    places = {command[0], os.path.realpath(command[0]), os.path.realpath(sys.prefix)}
    for place in () if is_user else sorted(places):
        if place.startswith(tuple(f"{folder}/" for folder in _HIDDEN)):
            raise UsageError(
                f"a system service cannot run {place}: homes and /tmp are hidden from it",
                hint="install the program for all, such as `python3 -m venv /opt/runtime-manager`;"
                " or use --user",
            )
    return command


def _word(text: str) -> str:
    """As one word of a command line in a unit: `%`, `$` and quotes mean themselves."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    is_plain = escaped == text and not any(letter.isspace() or letter in "';" for letter in text)
    return text if is_plain else f'"{escaped}"'
