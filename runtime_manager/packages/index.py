"""Indexes in order: asked when they are needed, and no further than the first that has a code.

So a later index cannot put its own package in the place of an earlier one's. All of it blocks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from runtime_manager.clock import Clock, SystemClock
from runtime_manager.errors import PackageError
from runtime_manager.model.index import LIMIT_BYTES, Index, Module, parse_index
from runtime_manager.model.nearest import nearest
from runtime_manager.packages.index_cache import IndexCache, Kept
from runtime_manager.packages.sources.hops import Hop
from runtime_manager.packages.sources.web import Answer, Web

_AWAY = frozenset({"unreachable", "truncated-download"})
_READ_BYTES = 256 * 1024
_LIMIT_S = 120.0


@dataclass(frozen=True, slots=True)
class Loaded:
    """An index that was read. `base` is where it lies: a hop of the web, or a folder."""

    location: str
    index: Index
    base: Hop | Path


@dataclass(frozen=True, slots=True)
class Offer:
    """A package, and the index that has it."""

    module: Module
    loaded: Loaded


class Indexes:
    """The indexes of one home; each is asked once. `tell` is told what a user should know."""

    def __init__(
        self,
        locations: Sequence[str],
        *,
        cache: Path,
        web: Web | None = None,
        clock: Clock | None = None,
        tell: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._locations = locations
        self._cache = IndexCache(cache)
        self._web = web
        self._clock = clock or SystemClock()
        self._tell = tell
        self._loaded: dict[str, Loaded] = {}

    def find(self, code: str) -> Offer:
        """Who offers `code` first. Raises PackageError: nobody, or an index cannot be used."""
        known: list[str] = []
        for loaded in self._each():
            if (module := loaded.index.find(code)) is not None:
                return Offer(module, loaded)
            known += [one.code for one in loaded.index.modules]
        raise PackageError(
            f"no index has {code}",
            hint=nearest(code, known) or f"rtm search lists what there is; a folder is ./{code}",
            kind="not-in-index",
        )

    def offers(self) -> Iterator[Offer]:
        """All packages, each by the first index that has it. Raises as `find`."""
        seen: set[str] = set()
        for loaded in self._each():
            for module in loaded.index.modules:
                if module.code not in seen:
                    yield Offer(module, loaded)
                    seen.add(module.code)

    def _each(self) -> Iterator[Loaded]:
        if not self._locations:
            raise PackageError(
                "no index is set, so there are no packages to be had by name",
                hint="name one: `indexes` in config.yaml, or --index URL; a folder is ./NAME",
                kind="no-index",
            )
        for location in self._locations:
            if location not in self._loaded:
                self._loaded[location] = self._load(location)
            yield self._loaded[location]

    def _load(self, location: str) -> Loaded:
        if location.startswith(("https://", "http://")):
            return self._from_web(location)
        if "://" in location:
            raise PackageError(
                f"{location} is no place for an index",
                hint="expected https://…, http:// on this machine, or a path",
                kind="bad-index",
            )
        return _from_file(location)

    def _from_web(self, location: str) -> Loaded:
        kept = self._cache.get(location)
        try:
            fresh = self._ask(location, kept)
        except PackageError as error:
            if kept is None or not _is_away(error):
                raise
            age_s = max(0.0, self._clock.now().timestamp() - kept.at_s)
            self._tell(f"{error.message}; what it offered {_age(age_s)} ago is used")
            fresh = kept
        index = parse_index(fresh.text, location=location)
        if fresh is not kept:  # only what is good is kept
            self._cache.put(location, fresh)
        return Loaded(location, index, fresh.hop)

    def _ask(self, location: str, kept: Kept | None) -> Kept:
        web = self._web or Web()
        conditions = kept.conditions if kept else {}
        with web.get(location, headers=conditions, limit_s=_LIMIT_S) as answer:
            now = self._clock.now().timestamp()
            if answer.status == 304 and kept is not None:
                return Kept(kept.text, answer.hop, now, kept.etag, kept.modified)
            text = _text(answer, location)
            etag = answer.headers.get("Etag", "")
            return Kept(text, answer.hop, now, etag, answer.headers.get("Last-Modified", ""))


def _text(answer: Answer, location: str) -> bytes:
    pieces, size = [], 0
    while piece := answer.read(_READ_BYTES):
        pieces.append(piece)
        size += len(piece)
        if size > LIMIT_BYTES:
            raise PackageError(
                f"{location} is larger than {LIMIT_BYTES:,} bytes, the most an index may be",
                hint="see that the address is right",
                kind="too-large",
            )
    return b"".join(pieces)


def _is_away(error: PackageError) -> bool:
    """Whether nobody answers, rather than somebody answers wrongly."""
    status = error.facts.get("status")
    return error.facts.get("kind") in _AWAY or (isinstance(status, int) and status >= 500)


def _from_file(location: str) -> Loaded:
    path = Path(os.path.expanduser(location))  # noqa: PTH111  # Path's raises for ~nobody
    if path.is_dir():
        path /= "index.json"
    try:
        with path.open("rb") as file:
            text = file.read(LIMIT_BYTES + 1)
    except OSError as exc:
        raise PackageError(
            f"the index {path} cannot be read: {exc.strerror}",
            hint="see `indexes` in config.yaml; rtm index build makes one",
            kind="unreachable",
        ) from exc
    return Loaded(location, parse_index(text, location=str(path)), path.absolute().parent)


def _age(seconds: float) -> str:
    for name, size_s in (("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * size_s:
            return f"{int(seconds // size_s)} {name}"
    return f"{int(seconds)} seconds"
