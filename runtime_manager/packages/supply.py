"""All a home can install from: looks a source up, and fetches it into a folder that passes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from runtime_manager.model.home import Home
from runtime_manager.model.registry import Registry
from runtime_manager.model.source import IndexSource, SourceSpec
from runtime_manager.model.version import Version, parse_version
from runtime_manager.packages.choice import Choice, choose, fetch_choice
from runtime_manager.packages.disk import Disk, disk_trouble
from runtime_manager.packages.index import Indexes
from runtime_manager.packages.program import platform_name
from runtime_manager.packages.progress import Progress, no_progress
from runtime_manager.packages.sources.fetch import fetch
from runtime_manager.packages.sources.fetched import Fetched
from runtime_manager.packages.sources.web import Web
from runtime_manager.packages.staging import staging


@dataclass(frozen=True, slots=True)
class Supply:
    """Where packages come from. `platform` is the one to fetch for, None: this machine's."""

    home: Home
    indexes: Indexes
    web: Web | None = None
    platform: str | None = None

    @contextmanager
    def fetched(
        self,
        spec: SourceSpec,
        *,
        registry: Registry | None = None,
        may_downgrade: bool = False,
        manifest: Path | None = None,
        progress: Progress = no_progress,
    ) -> Iterator[Fetched]:
        """What `spec` gave; what had to be fetched is gone at the end of the `with` block.

        `registry` is what is installed: an index may not replace it by something older unless
        `may_downgrade`. `manifest`: see `fetch`. Raises PackageError.
        """
        with ExitStack() as open_ones:
            with disk_trouble(f"{spec} cannot be fetched"):
                own = open_ones.enter_context(staging(self.home, Disk()))
                into = own.folder / "fetched"
                into.mkdir()
                got = self._get(
                    spec,
                    into,
                    registry=registry,
                    may_downgrade=may_downgrade,
                    manifest=manifest,
                    progress=progress,
                )
            yield got  # what fails from here on is not about fetching

    def _get(
        self,
        spec: SourceSpec,
        into: Path,
        *,
        registry: Registry | None,
        may_downgrade: bool,
        manifest: Path | None,
        progress: Progress,
    ) -> Fetched:
        web = self.web or Web()
        if isinstance(spec, IndexSource):
            choice = self.choice(spec, registry=registry, may_downgrade=may_downgrade)
            return fetch_choice(choice, into, web=web, progress=progress)
        return fetch(spec, into, progress=progress, manifest=manifest, web=web)

    def choice(
        self, spec: IndexSource, *, registry: Registry | None = None, may_downgrade: bool = False
    ) -> Choice:
        """The version that an index has for `spec`; nothing of it is fetched. Raises as above."""
        return choose(
            spec,
            self.indexes.find(spec.code),
            platform=self.platform or platform_name(),
            installed=installed_version(registry or Registry(), spec.code),
            may_downgrade=may_downgrade,
        )


def installed_version(registry: Registry, code: str) -> Version | None:
    """The version in use; None where there is none, or none that can be compared."""
    entry = registry.get(code)
    try:
        return parse_version(entry.version) if entry else None
    except ValueError:
        return None
