"""Which version of a package from an index to take, and fetching it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

from runtime_manager.errors import PackageError, SourceError
from runtime_manager.model.index import Artifact, Release
from runtime_manager.model.source import IndexSource, UrlSource, parse_source
from runtime_manager.model.version import Version
from runtime_manager.packages.index import Loaded, Offer
from runtime_manager.packages.progress import Progress
from runtime_manager.packages.sources.fetched import Fetched
from runtime_manager.packages.sources.hops import Hop
from runtime_manager.packages.sources.url import Wanted, download
from runtime_manager.packages.sources.web import Web

_MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class Choice:
    """A version of a package, for one platform."""

    source: IndexSource
    offer: Offer
    release: Release
    artifact: Artifact


def choose(
    source: IndexSource,
    offer: Offer,
    *,
    platform: str,
    installed: Version | None = None,
    may_downgrade: bool = False,
) -> Choice:
    """The newest version that will do. Pure.

    Raises PackageError: none will do, none for the platform, or it is older than `installed`.
    """
    release = offer.module.newest(source.wanted, platform=platform)
    artifact = release.artifact(platform) if release else None
    if release is None or artifact is None:
        raise _none(source, offer, platform)
    if installed is not None and release.parsed < installed and not may_downgrade:
        raise PackageError(
            f"{source.code} {release.version} is older than the installed {installed}",
            hint="--allow-downgrade takes it all the same",
            kind="downgrade",
            index=offer.loaded.location,
        )
    return Choice(source, offer, release, artifact)


def fetch_choice(choice: Choice, into: Path, *, web: Web, progress: Progress) -> Fetched:
    """The archive, whole and with the sha256 its index says, below `into` or where it lies."""
    base, artifact = choice.offer.loaded.base, choice.artifact
    if isinstance(base, Path) and "://" not in artifact.url:
        path = base / artifact.url
        if not path.is_file():
            raise PackageError(
                f"{path} is not there; the index beside it says so",
                hint="make the index again: rtm index build",
                kind="unreachable",
            )
    else:
        before = base if isinstance(base, Hop) else None
        url = _address(artifact, choice.offer.loaded)
        wanted = Wanted(url, artifact.sha256, artifact.size_bytes, before)
        path = download(wanted, into, web=web, progress=progress).path
    return Fetched(
        path,
        str(choice.source),
        archive_sha256=artifact.sha256,
        signer=choice.offer.module.signer_of(choice.release),
        code=choice.source.code,
        version=choice.release.version,
    )


def _address(artifact: Artifact, loaded: Loaded) -> str:
    """Where the archive is; held to what a user may write as an address."""
    base = loaded.base.url if isinstance(loaded.base, Hop) else ""
    try:
        spec = parse_source(urljoin(base, artifact.url))
    except (SourceError, ValueError):
        spec = None
    if not isinstance(spec, UrlSource):
        raise PackageError(
            f"{loaded.location} has no address that can be used for its archive",
            hint="tell who keeps it",
            kind="bad-index",
        )
    return spec.url


def _none(source: IndexSource, offer: Offer, platform: str) -> PackageError:
    module = offer.module
    if not module.versions:
        return PackageError(
            f"{offer.loaded.location} knows {source.code}, but has no versions of it",
            hint=f"its source: {module.repo}" if module.repo else "tell who keeps the index",
            kind="no-version",
        )
    allowed = [one for one in module.versions if source.wanted.allows(one.parsed)]
    if allowed or not source.wanted.text:
        offered = sorted({name for one in allowed or module.versions for name in one.platforms})
        return PackageError(
            f"{source} has nothing for {platform}; there is {', '.join(offered)}",
            hint="ask its author for this platform, or install from its source",
            kind="no-platform",
        )
    versions = [one.version for one in module.versions]
    more = ", …" if len(versions) > _MOST_NAMED else ""
    return PackageError(
        f"no version of {source.code} is in {source.wanted}",
        hint=f"there is {', '.join(versions[:_MOST_NAMED])}{more}",
        kind="no-version",
    )
