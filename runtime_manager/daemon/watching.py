"""Watches what a reload reads, and the folders of providers that are being worked on.

Folders are watched and not files, since editors replace a file by renaming another over it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from pathlib import Path

import structlog

from runtime_manager.daemon.reload import Reloader
from runtime_manager.model.home import Home
from runtime_manager.packages.manifest_file import PLACES

_log = structlog.get_logger()
_GATHER_MS = 300
_STEP_MS = 100
_TRY_AGAIN_S, _TRY_AGAIN_AT_MOST_S = 1.0, 30.0
_STANDS_S = 1.0


class Watching:
    """`run` until `end`; calls `changed` when a manifest, registry.yaml or config.yaml has changed.

    Where the kernel refuses (inotify(7), max_user_watches), that is said, and tried again later;
    what has changed meanwhile is found then.
    """

    def __init__(self, home: Home, reloader: Reloader, *, changed: Callable[[], None]) -> None:
        self._home = home
        self._reloader = reloader
        self._changed = changed
        self._is_over = False
        self._watched: frozenset[tuple[Path, bool]] = frozenset()
        self._round_over = asyncio.Event()
        self._rest_s = 0.0
        """How long it rests next; 0 while the kernel does not refuse."""

    def look_anew(self) -> None:
        """Watch other folders from now on, where they are others now."""
        if self._folders() != self._watched:
            self._round_over.set()

    def end(self) -> None:
        """Make `run` return soon."""
        self._is_over = True
        self._round_over.set()

    async def run(self) -> None:
        """Watch. Returns after `end`."""
        while not self._is_over:
            self._round_over.clear()
            is_first, self._watched = not self._watched, self._folders()
            if not is_first:
                self._changed()  # what has changed since nobody looked
            stands = asyncio.get_running_loop().call_later(_STANDS_S, self._stand)
            went_well = await asyncio.gather(
                self._until_refused(self._watch_files()), self._until_refused(self._watch_work())
            )
            stands.cancel()
            if not all(went_well):
                await self._rest()

    def _stand(self) -> None:
        """The kernel has taken the watches: say so where it did not before."""
        if self._rest_s:
            self._rest_s = 0.0
            _log.info("watching.resumed")

    async def _until_refused(self, watch: Coroutine[None, None, None]) -> bool:
        """Whether `watch` came to its end; where the kernel refuses, the other one ends too."""
        try:
            await watch
        except (OSError, RuntimeError) as exc:  # what the kernel says, in watchfiles' words
            _log.warning(
                "watching.failed",
                error=str(exc),
                hint="until then rtm reload reads what has changed; see sysctl fs.inotify",
                again_in_s=self._next_rest_s,
            )
            self._round_over.set()
            return False
        return True

    async def _rest(self) -> None:
        if not self._is_over:
            self._round_over.clear()
            self._rest_s = self._next_rest_s
            with suppress(TimeoutError):
                async with asyncio.timeout(self._rest_s):
                    await self._round_over.wait()

    @property
    def _next_rest_s(self) -> float:
        return min(self._rest_s * 2 or _TRY_AGAIN_S, _TRY_AGAIN_AT_MOST_S)

    def _folders(self) -> frozenset[tuple[Path, bool]]:
        """Every folder that counts, and whether all below it does."""
        home, providers = self._home, self._reloader.providers()
        read = {home.config.parent, home.providers}
        read |= {(p.folder / place).parent for p in providers for place in PLACES}
        worked_on = {(p.folder, True) for p in providers if p.manifest.dev}
        return frozenset({(folder, False) for folder in read} | worked_on)

    async def _watch_files(self) -> None:
        """Whatever a reload reads, one folder deep."""
        from watchfiles import awatch

        home = self._home
        folders = {folder for folder, is_deep in self._watched if not is_deep}
        names = {home.config, home.registry}
        manifests = {Path(place).name for place in PLACES}

        def concerns(_change: object, path: str) -> bool:
            changed = Path(path)
            is_read = changed in names or changed.name in manifests or changed in folders
            return is_read or changed.parent == home.providers

        async for _ in awatch(
            *_existing(folders),
            watch_filter=concerns,
            recursive=False,
            debounce=_GATHER_MS,
            step=_STEP_MS,
            stop_event=self._round_over,
        ):
            self._changed()

    async def _watch_work(self) -> None:
        """All files of those with `dev`, but for what tools write (watchfiles.DefaultFilter)."""
        from watchfiles import DefaultFilter, awatch

        folders = {p.folder: p.code for p in self._reloader.providers() if p.manifest.dev}
        if not folders:
            return
        patterns = (*DefaultFilter.ignore_entity_patterns, r"^manifest\.yaml$")
        async for changes in awatch(
            *_existing(folders),
            watch_filter=DefaultFilter(ignore_entity_patterns=patterns),
            debounce=_GATHER_MS,
            step=_STEP_MS,
            stop_event=self._round_over,
        ):
            changed = [Path(path) for _, path in changes]
            for folder, code in folders.items():
                if count := sum(path.is_relative_to(folder) for path in changed):
                    self._reloader.refresh(code, changed_files=count)


def _existing(folders: Iterable[Path]) -> list[Path]:
    return [folder for folder in folders if folder.is_dir()]
