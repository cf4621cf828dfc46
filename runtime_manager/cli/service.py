"""`rtm service install|uninstall|status`: Runtime Manager as a service of systemd."""

from __future__ import annotations

import os
import shutil
import subprocess

from runtime_manager.cli.connect import SYSTEM_HOME
from runtime_manager.cli.exit_codes import ExitCode
from runtime_manager.cli.failures import UsageError
from runtime_manager.cli.service_units import (
    SERVICE,
    SOCKET,
    own_command,
    unit_files,
    unit_folder,
)
from runtime_manager.errors import RuntimeManagerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from pathlib import Path

    from runtime_manager.cli.terminal import Terminal

_SHOWN = ("LoadState", "ActiveState", "SubState", "StatusText", "MainPID", "NRestarts", "Result")


class ServiceError(RuntimeManagerError):
    """What systemd was asked for did not work."""

    code = "service-error"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `service`."""
    parser.add_argument("deed", choices=("install", "uninstall", "status"), help="what to do")
    parser.add_argument(
        "--user", action="store_true", help="a service of yours, on your home, not the system's"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="print the files and commands, and change nothing"
    )
    parser.add_argument(
        "--listen",
        metavar="ADDR",
        help="install: address the socket unit listens on (default: 127.0.0.1:9880)",
    )


def run(arguments: Namespace, terminal: Terminal) -> ExitCode:
    """Do what was asked; systemd's own words are passed on where it refuses."""
    if not arguments.user and arguments.home is not None:
        raise UsageError(
            f"the home of the system service is {SYSTEM_HOME}",
            hint="leave --home out, or install a service of yours with --user",
        )
    if shutil.which("systemctl") is None and not arguments.dry_run:
        raise ServiceError(
            "there is no systemctl on the PATH",
            hint="without systemd, let your own service manager run `rtm serve`",
        )
    deeds = {"install": _install, "uninstall": _uninstall, "status": _status}
    return deeds[arguments.deed](arguments, terminal)


def _install(arguments: Namespace, terminal: Terminal) -> ExitCode:
    is_user = arguments.user
    folder = unit_folder(os.environ, is_user=is_user)
    home = (arguments.home or os.environ.get("CORE_HOME")) if is_user else None
    files = unit_files(
        own_command(is_user=is_user),
        is_user=is_user,
        listen=arguments.listen,
        home=None if home is None else os.path.abspath(os.path.expanduser(home)),  # noqa: PTH100,PTH111
    )
    commands = [["daemon-reload"], ["enable", "--now", SOCKET, SERVICE]]
    if arguments.dry_run:
        for name, text in files.items():
            terminal.line(f"# {folder / name}\n{text}")
        terminal.lines([" ".join(_systemctl(words, is_user=is_user)) for words in commands])
        return ExitCode.DONE
    was_running = _facts(is_user=is_user).get("ActiveState") == "active"
    is_new = _write(folder, files)
    for words in commands:
        _carry_out(words, is_user=is_user)
    if was_running and is_new:
        terminal.remark(f"rtm: it runs on as it was; {_command('restart', is_user=is_user)}")
    if is_user:
        terminal.remark("rtm: it ends when you log out, unless: loginctl enable-linger")
    else:
        terminal.remark(f"rtm: ask it with --home {SYSTEM_HOME}, as root")
    return ExitCode.DONE


def _write(folder: Path, files: dict[str, str]) -> bool:
    """Write what has changed; whether there was any. Raises ServiceError."""
    is_new = False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            path = folder / name
            if not path.exists() or path.read_text("utf-8") != text:
                path.write_text(text, "utf-8")
                is_new = True
    except OSError as exc:
        raise ServiceError(
            f"cannot write {exc.filename}: {exc.strerror}",
            hint="run it as root, or use --user",
        ) from exc
    return is_new


def _uninstall(arguments: Namespace, terminal: Terminal) -> ExitCode:
    is_user = arguments.user
    folder = unit_folder(os.environ, is_user=is_user)
    paths = [path for name in (SERVICE, SOCKET) if (path := folder / name).exists()]
    if not paths:
        raise ServiceError(f"no service of ours is in {folder}", hint="rtm service install")
    commands = [["disable", "--now", SOCKET, SERVICE], ["daemon-reload"]]
    if arguments.dry_run:
        terminal.lines([" ".join(_systemctl(words, is_user=is_user)) for words in commands])
        terminal.lines([f"rm {path}" for path in paths])
        return ExitCode.DONE
    _carry_out(commands[0], is_user=is_user)
    try:
        for path in paths:
            path.unlink()
    except OSError as exc:
        raise ServiceError(
            f"cannot remove {exc.filename}: {exc.strerror}", hint="run it as root"
        ) from exc
    _carry_out(commands[1], is_user=is_user)
    terminal.remark("rtm: providers, data and logs are still where they were")
    return ExitCode.DONE


def _status(arguments: Namespace, terminal: Terminal) -> ExitCode:
    """What systemd knows of it; FAILED unless it is active."""
    facts = _facts(is_user=arguments.user)
    is_active = facts.get("ActiveState") == "active"
    if terminal.is_json:
        terminal.document({"service": facts})
    elif facts.get("LoadState") == "not-found":
        raise ServiceError("no service is installed", hint="rtm service install, perhaps --user")
    else:
        said = f": {facts['StatusText']}" if facts.get("StatusText") else ""
        terminal.line(f"{facts.get('ActiveState')} ({facts.get('SubState')}){said}")
        terminal.line(f"pid {facts.get('MainPID')}, restarted {facts.get('NRestarts')} times")
        if not is_active:
            terminal.remark(f"rtm: {_command('status', is_user=arguments.user)} tells more")
    return ExitCode.DONE if is_active else ExitCode.FAILED


def _facts(*, is_user: bool) -> dict[str, str]:
    words = ["show", SERVICE, *(f"--property={name}" for name in _SHOWN)]
    lines = _carry_out(words, is_user=is_user).splitlines()
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def _carry_out(words: list[str], *, is_user: bool) -> str:
    """Call systemctl; what it printed. Raises ServiceError with its own words."""
    command = _systemctl(words, is_user=is_user)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        words_of_it = done.stderr.strip() or f"exit code {done.returncode}"
        raise ServiceError(f"{' '.join(command)}: {words_of_it}", hint="see journalctl -xe")
    return done.stdout


def _systemctl(words: list[str], *, is_user: bool) -> list[str]:
    return ["systemctl", *(["--user"] if is_user else []), *words]


def _command(deed: str, *, is_user: bool) -> str:
    return " ".join(_systemctl([deed, SERVICE], is_user=is_user))
