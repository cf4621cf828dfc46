"""Which variables of the daemon's environment a program gets, and which it never gets. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

PASSED = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LC_*",
    "TZ",
    "TMPDIR",
    "TERM",
    "XDG_*",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "FTP_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "ftp_proxy",
    "all_proxy",
    "no_proxy",
)
"""Names passed on to every program; a trailing * stands for any ending."""

_NOTIFICATION = frozenset({"NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"})

_SERVICE_MANAGER = _NOTIFICATION | frozenset(
    """
    LISTEN_PIDFDID WATCHDOG_PID WATCHDOG_USEC INVOCATION_ID JOURNAL_STREAM LOG_NAMESPACE MAINPID
    MAINPIDFDID MANAGERPID MANAGERPIDFDID SYSTEMD_EXEC_PID PIDFILE FDSTORE REMOTE_ADDR REMOTE_PORT
    SERVICE_RESULT EXIT_CODE EXIT_STATUS MEMORY_PRESSURE_WATCH MEMORY_PRESSURE_WRITE
    RUNTIME_DIRECTORY STATE_DIRECTORY CACHE_DIRECTORY LOGS_DIRECTORY CONFIGURATION_DIRECTORY
    CREDENTIALS_DIRECTORY
    """.split()  # noqa: SIM905  # a list of words reads better
)
"""What systemd sets for the service it starts, which is the daemon (systemd.exec(5))."""

_MONITOR_PREFIXES = ("MONITOR_", "TRIGGER_")


_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def named_well(env: dict[str, str]) -> dict[str, str]:
    """`env` itself. Raises ValueError for a name that no shell could use (POSIX, section 8.1)."""
    for name in env:
        if not _NAME.fullmatch(name):
            raise ValueError(f"`{name}` cannot be the name of a variable")
    return env


def is_kept_back(name: str) -> bool:
    """Whether a variable is meant for the daemon alone: its service manager's, or an RTM_ one."""
    return name in _SERVICE_MANAGER or name.startswith(("RTM_", *_MONITOR_PREFIXES))


def is_ours(name: str) -> bool:
    """Whether the daemon sets this variable for a program, so that no manifest may."""
    return name in _NOTIFICATION or name.startswith("RTM_")


def passed_on(environ: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """The variables that are in PASSED or in `names`, without those kept back."""
    exact, prefixes = set(), []
    for name in (*PASSED, *names):
        if name.endswith("*"):
            prefixes.append(name[:-1])
        else:
            exact.add(name)
    beginnings = tuple(prefixes)
    return {
        name: value
        for name, value in environ.items()
        if (name in exact or name.startswith(beginnings)) and not is_kept_back(name)
    }
