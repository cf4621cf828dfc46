"""Changes of what is installed, made under a running daemon: gated, and told as events."""

from __future__ import annotations

import asyncio

import structlog

from runtime_manager.daemon.reload import Reloader
from runtime_manager.errors import PackageError, UpgradeError
from runtime_manager.model.home import Home
from runtime_manager.model.provider import Provider
from runtime_manager.model.registry import InstalledVersion
from runtime_manager.packages.discovery import read_provider
from runtime_manager.packages.installation import Installation, Installed
from runtime_manager.supervisor.supervisor import Supervisor
from runtime_manager.supervisor.upgrade import Commit
from runtime_manager.supervisor.view import ProviderView

_log = structlog.get_logger()
_STOP_S = 120.0


class Installer:
    """Adopts and removes packages of one home; what it does to files, `Installation` does."""

    def __init__(self, home: Home, supervisor: Supervisor, reloader: Reloader) -> None:
        self._home = home
        self._supervisor = supervisor
        self._reloader = reloader
        self._installation = Installation(home, in_use=supervisor.folders_in_use)

    async def adopt(self, code: str, version: InstalledVersion) -> Installed:
        """Let a version that is in the store be the one in use.

        Where the provider runs, the new version is tried out beside the old one first. Raises
        UpgradeError where it did not come up, PackageError, ManifestError, NotStartableError.
        """
        await asyncio.to_thread(self._installation.check_free, code, version.version)
        provider = await asyncio.to_thread(self._provider, code, version)
        installed: list[Installed] = []

        async def commit() -> None:
            installed.append(
                await asyncio.to_thread(self._installation.adopt, provider.manifest, version)
            )

        before = self._supervisor.listed().standing.get(code)
        if before is None or before.provider.folder == provider.folder:
            await commit()
        else:
            await self._try(provider, commit)
        await self._reloader.reload()
        (done,) = installed
        if done.is_new:
            self._supervisor.events.publish(
                "package.installed", code=code, version=done.version, before=done.before
            )
        return done

    async def _try(self, provider: Provider, commit: Commit) -> None:
        settle_s = self._reloader.settings.packages.settle_s
        try:
            await self._supervisor.upgrade(provider, settle_s=settle_s, commit=commit)
        except UpgradeError as exc:
            version, reason = provider.manifest.version, exc.message
            self._supervisor.events.publish(
                "package.refused", code=provider.code, version=version, reason=reason
            )
            _log.warning("package.refused", code=provider.code, version=version, reason=reason)
            raise

    async def remove(self, code: str, *, purge: bool) -> None:
        """Stop it, then uninstall it; `purge`: what it wrote too. Raises UnknownCodeError."""
        if code in self._supervisor.listed().standing:
            self._supervisor.stop(code)
            await self._supervisor.wait(code, until=_has_ended, timeout_s=_STOP_S)
        await asyncio.to_thread(lambda: self._installation.uninstall(code, purge=purge))
        await self._reloader.reload()
        await self._supervisor.removed(code)
        self._supervisor.events.publish("package.removed", code=code, purged=purge)

    def _provider(self, code: str, version: InstalledVersion) -> Provider:
        folder = self._home.packages / code / version.folder
        if not folder.is_dir():
            raise PackageError(
                f"{folder} is not there", hint="install the package again", kind="not-kept"
            )
        provider = read_provider(folder, self._reloader.settings.providers)
        if provider.code != code:
            raise PackageError(
                f"{folder} holds {provider.code}, not {code}", hint="", kind="code-mismatch"
            )
        return provider


def _has_ended(view: ProviderView) -> bool:
    return view.state in ("stopped", "failed", "invalid")
