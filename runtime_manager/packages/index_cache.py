"""The last good answer of each index, for when it cannot be asked, or says nothing is new."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from runtime_manager.packages.disk import Disk, replace_file
from runtime_manager.packages.sources.hops import Hop, Reach


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer: its bytes, the hop that gave it, and when, in POSIX seconds.

    `etag` and `modified` are what the server called it, empty where it did not.
    """

    text: bytes
    hop: Hop
    at_s: float
    etag: str = ""
    modified: str = ""

    @property
    def conditions(self) -> dict[str, str]:
        """Headers that ask only for what is newer (RFC 9110, 13.1)."""
        given = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in given.items() if value}


class IndexCache:
    """One folder of answers, by location. What cannot be read or written counts as not kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, location: str) -> Kept | None:
        """What was kept for `location`."""
        try:
            data = json.loads(self._path(location).read_bytes())
            return _kept(data) if data["location"] == location else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, location: str, kept: Kept) -> None:
        """Keep it in place of what was there."""
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            text = json.dumps({"location": location, **_plain(kept)})
            replace_file(Disk(), self._path(location), text.encode(), mode=0o600)

    def _path(self, location: str) -> Path:
        return self._folder / f"{hashlib.sha256(location.encode()).hexdigest()[:32]}.json"


def _kept(data: Mapping[str, object]) -> Kept:
    hop = Hop(str(data["url"]), bool(data["is_encrypted"]), Reach[str(data["reach"])])
    return Kept(
        base64.b64decode(str(data["text"]), validate=True),
        hop,
        float(str(data["at"])),
        str(data["etag"]),
        str(data["modified"]),
    )


def _plain(kept: Kept) -> dict[str, object]:
    return {
        "url": kept.hop.url,
        "is_encrypted": kept.hop.is_encrypted,
        "reach": kept.hop.reach.name,
        "at": kept.at_s,
        "etag": kept.etag,
        "modified": kept.modified,
        "text": base64.b64encode(kept.text).decode(),
    }
