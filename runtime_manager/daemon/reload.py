"""Reads settings and packages anew, and changes what runs by no more than what has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path

import structlog

from runtime_manager.daemon.ground import Ground
from runtime_manager.daemon.read_settings import read_settings
from runtime_manager.errors import RegistryError
from runtime_manager.model.provider import Provider
from runtime_manager.model.registry import Registry
from runtime_manager.model.settings import Settings
from runtime_manager.model.settings_change import in_force, setting_changes
from runtime_manager.packages.discovery import Scan, scan
from runtime_manager.packages.transaction import Transactions
from runtime_manager.supervisor.changes import Fate, Reload, changes
from runtime_manager.supervisor.supervisor import Supervisor

_log = structlog.get_logger()


class Reloader:
    """Reloads one at a time. `adopt` gives new settings to whatever can take them while it runs."""

    def __init__(
        self, ground: Ground, supervisor: Supervisor, *, adopt: Callable[[Settings], None]
    ) -> None:
        self._ground = ground
        self._supervisor = supervisor
        self._adopt = adopt
        self._settings = ground.settings
        self._turn = asyncio.Lock()

    @property
    def settings(self) -> Settings:
        """The settings as read last."""
        return self._settings

    def providers(self) -> tuple[Provider, ...]:
        """What can run, as read last."""
        return tuple(one.provider for one in self._supervisor.listed().standing.values())

    def refresh(self, code: str, *, changed_files: int) -> None:
        """Restart a provider whose own files have changed."""
        self._supervisor.refresh(code, changed_files=changed_files)

    async def first(self) -> None:
        """Take on what is installed when the daemon starts; nothing is started yet."""
        found = await asyncio.to_thread(self._scan, self._registry_or_none(), self._settings, {})
        self._supervisor.carry_out(changes(self._supervisor.listed(), found))
        self._name_unknown(found)

    async def reload(self, *, is_dry_run: bool = False) -> Reload:
        """Bring what runs in line with the files; returns at once, what it starts goes on.

        Raises SettingsError, RegistryError, DaemonError, and then nothing has changed.
        """
        async with self._turn:
            with nullcontext() if is_dry_run else self._ground.manager.reloading():
                return await self._reload(is_dry_run=is_dry_run)

    async def _reload(self, *, is_dry_run: bool) -> Reload:
        settings, found = await self._read()
        planned = changes(self._supervisor.listed(), found)
        plan = Reload(
            tuple(one for one in planned if one.code not in self._supervisor.upgrading),
            setting_changes(self._settings, settings),
        )
        if not is_dry_run:
            self._carry_out(plan, settings)
            self._name_unknown(found)
        return plan

    async def _read(self) -> tuple[Settings, Scan]:
        ground = self._ground
        settings = await asyncio.to_thread(read_settings, ground.home, ground.options)
        registry = await asyncio.to_thread(Transactions(ground.home).read)
        standing = self._supervisor.listed().standing.values()
        known = {one.provider.folder: one.provider for one in standing}
        found = await asyncio.to_thread(self._scan, registry, settings, known)
        for provider in found.providers:  # one on its way out, whose package has come back
            await self._supervisor.removed(provider.code)
        return settings, found

    def _scan(self, registry: Registry, settings: Settings, known: Mapping[Path, Provider]) -> Scan:
        return scan(self._ground.home, registry, settings.providers, known=known)

    def _carry_out(self, plan: Reload, settings: Settings) -> None:
        self._settings = settings = in_force(self._settings, settings)
        self._adopt(settings)
        self._supervisor.carry_out(plan.changes)
        self._supervisor.start_all({c.code for c in plan.changes if c.fate is Fate.ADDED})
        counts = {fate.value: sum(c.fate is fate for c in plan.changes) for fate in Fate}
        facts: dict[str, object] = {name: count for name, count in counts.items() if count}
        for one in plan.settings:
            if not one.is_in_force:
                _log.warning("settings.need_a_restart", key=one.key)
        if plan.changes or plan.settings:
            self._supervisor.events.publish("daemon.reloaded", changes=facts)
            _log.info("daemon.reloaded", **facts)

    def _registry_or_none(self) -> Registry:
        """What is installed; a file that cannot be read must not keep the daemon from starting."""
        try:
            return Transactions(self._ground.home).read()
        except RegistryError as exc:
            _log.error("registry.unreadable", error=str(exc))
            return Registry()

    def _name_unknown(self, found: Scan) -> None:
        codes = {p.code for p in found.providers} | {i.code for i in found.invalid}
        for code in sorted(set(self._settings.providers) - codes):
            file = str(self._ground.home.config)
            _log.warning("settings.unknown_provider", code=code, file=file)
