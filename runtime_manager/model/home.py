"""Where everything of one daemon lies: `~/.core` and what is in it. Standard library only.

The command line imports this to find its daemon, so it must stay light.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SOCKET_PATH_BYTES = 107
"""The longest socket path of Linux (unix(7)); macOS has room for 103, see LONGEST_SOCKET_NAME."""

LONGEST_SOCKET_NAME = 60
"""Bytes kept for a socket's own name: 40 of the code, a generation, a suffix, and 4 for macOS."""


@dataclass(frozen=True, slots=True)
class Home:
    """The folders and files under one root; nothing of it need exist.

    `run_folder`, `logs_folder` and `config_folder` are None where they lie under the root.
    `sockets_base` is where a short folder for sockets can be made.
    """

    root: Path
    run_folder: Path | None = None
    logs_folder: Path | None = None
    config_folder: Path | None = None
    sockets_base: Path = Path("/tmp")  # noqa: S108  # a folder named by uid and home, mode 0700

    @staticmethod
    def locate(flag: str | None, environ: Mapping[str, str]) -> Home:
        """The home that was asked for; see `locate`."""
        return locate(flag, environ)

    @property
    def providers(self) -> Path:
        """One folder, or symlink to one, per provider."""
        return self.root / "providers"

    @property
    def registry(self) -> Path:
        """What is installed."""
        return self.providers / "registry.yaml"

    @property
    def packages(self) -> Path:
        """Installed packages by version, which never change."""
        return self.root / "packages"

    @property
    def index_cache(self) -> Path:
        """What indexes offered when they were last asked; may be removed at any time."""
        return self.root / "cache" / "indexes"

    @property
    def trust(self) -> Path:
        """The keys whose packages are trusted."""
        return self.root / "trust"

    @property
    def settings(self) -> Path:
        """What was set for single providers, secrets among it; mode 0700."""
        return self.root / "settings"

    @property
    def config(self) -> Path:
        """The settings file."""
        return (self.config_folder or self.root) / "config.yaml"

    @property
    def run(self) -> Path:
        """What lives as long as the daemon; mode 0700."""
        return self.run_folder or self.root / "run"

    @property
    def runtime_json(self) -> Path:
        """Where the daemon listens, for those who look for it."""
        return self.run / "runtime.json"

    @property
    def token(self) -> Path:
        """The daemon's token; mode 0600."""
        return self.run / "token"

    @property
    def lock(self) -> Path:
        """Held by the one daemon of this home."""
        return self.run / "lock"

    @property
    def sockets(self) -> Path:
        """Where sockets are: `run`, or a short folder where paths in `run` would not fit; 0700."""
        if len(os.fsencode(self.run)) + 1 + LONGEST_SOCKET_NAME <= SOCKET_PATH_BYTES:
            return self.run
        return self.sockets_base / f"rtm-{os.getuid()}-{self.home_id}"

    @property
    def api_socket(self) -> Path:
        """The control API's own socket; mode 0600."""
        return self.sockets / "api.sock"

    @property
    def succession_socket(self) -> Path:
        """Where the next daemon asks this one for the home; mode 0600."""
        return self.sockets / "succession.sock"

    @property
    def home_id(self) -> str:
        """Ten hexadecimal characters that tell this home from others on the machine."""
        return hashlib.sha256(os.fsencode(self.root.resolve())).hexdigest()[:10]

    def data(self, code: str) -> Path:
        """The folder a provider may write to."""
        return self.root / "data" / code

    def logs(self, code: str) -> Path:
        """The folder of a provider's rotated output."""
        return (self.logs_folder or self.root / "logs") / code


def locate(flag: str | None, environ: Mapping[str, str]) -> Home:
    """The home of `--home`, else of CORE_HOME: all of it in there. Else systemd's, else ~/.core.

    Without flag and CORE_HOME, systemd's STATE_, RUNTIME_, LOGS_ and CONFIGURATION_DIRECTORY are
    honoured one by one (systemd.exec(5); the first of several).
    """
    sockets_base = _sockets_base(environ)
    if chosen := flag or environ.get("CORE_HOME"):
        return Home(_absolute(chosen, environ), sockets_base=sockets_base)
    state = _first(environ.get("STATE_DIRECTORY"))
    return Home(
        state or _user_home(environ) / ".core",
        run_folder=_first(environ.get("RUNTIME_DIRECTORY")),
        logs_folder=_first(environ.get("LOGS_DIRECTORY")),
        config_folder=_first(environ.get("CONFIGURATION_DIRECTORY")),
        sockets_base=sockets_base,
    )


def _absolute(text: str, environ: Mapping[str, str]) -> Path:
    if text == "~" or text.startswith("~/"):
        return _user_home(environ) / text[2:]
    return Path(os.path.abspath(text))  # noqa: PTH100  # symlinks stay, so that paths stay short


def _user_home(environ: Mapping[str, str]) -> Path:
    return Path(environ["HOME"]) if environ.get("HOME") else Path.home()


def _first(folders: str | None) -> Path | None:
    return Path(folders.split(":")[0]) if folders else None


def _sockets_base(environ: Mapping[str, str]) -> Path:
    base = environ.get("XDG_RUNTIME_DIR", "")
    fits = len(os.fsencode(base)) + LONGEST_SOCKET_NAME + 30 <= SOCKET_PATH_BYTES
    return Path(base) if base.startswith("/") and fits else Path("/tmp")  # noqa: S108
