"""What is installed, changed through the daemon where one runs: gated, and told as events.

Imports pydantic and yaml: come late.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

from runtime_manager.cli.connect import find_daemon
from runtime_manager.client.failures import NoDaemonError
from runtime_manager.client.socket_client import SocketClient
from runtime_manager.client.targets import PACKAGES, RELOAD
from runtime_manager.model.home import Home
from runtime_manager.model.manifest import Manifest
from runtime_manager.model.registry import InstalledVersion
from runtime_manager.packages.candidate import Fetched
from runtime_manager.packages.installation import Installation, Installed

_LONGEST_S = 3600.0


def installation_of(home: Home, flag: str | None) -> Installation:
    """What is installed in `home`; `flag` is how it was named, for finding its daemon."""
    try:
        client = find_daemon(flag).client
        client.get("/healthz")
    except NoDaemonError:
        return Installation(home)
    return LiveInstallation(home, client)


class LiveInstallation(Installation):
    """An installation whose changes the running daemon makes."""

    def __init__(self, home: Home, client: SocketClient) -> None:
        super().__init__(home, in_use=self._folders_in_use)
        self._client = client

    def adopt(self, manifest: Manifest, version: InstalledVersion) -> Installed:
        """As without a daemon; a running provider's new version has to prove itself first.

        Raises UpgradeError where it did not.
        """
        body = {name: text for name, text in asdict(version).items() if name != "extra"}
        done = self._ask("POST", f"{_target(manifest.code)}/adopt", body)
        return Installed(
            done["code"],
            done["version"],
            Path(done["folder"]),
            done["before"],
            is_new=done["is_new"],
        )

    def link(self, fetched: Fetched) -> Installed:
        """As without a daemon; then the daemon reads it."""
        done = super().link(fetched)
        self._ask("POST", RELOAD)
        return done

    def uninstall(self, code: str, *, purge: bool = False) -> None:
        """As without a daemon, once the provider has been stopped."""
        self._ask("DELETE", _target(code) + ("?purge=1" if purge else ""))

    def set_held(self, code: str, held: bool) -> None:
        """As without a daemon."""
        super().set_held(code, held)
        self._ask("POST", RELOAD)

    def set_auto_start(self, code: str, auto_start: bool) -> None:
        """As without a daemon."""
        super().set_auto_start(code, auto_start)
        self._ask("POST", RELOAD)

    def _folders_in_use(self) -> frozenset[Path]:
        providers = self._client.get("/api/v1/providers?usage=0")["providers"]
        return frozenset(Path(one["folder"]) for one in providers if one["pid"] is not None)

    def _ask(
        self, method: str, target: str, body: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        with self._client.send(method, target, body=body, answer_s=_LONGEST_S) as exchange:
            document: dict[str, Any] = exchange.document()
            return document


def _target(code: str) -> str:
    return f"{PACKAGES}/{quote(code, safe='')}"
