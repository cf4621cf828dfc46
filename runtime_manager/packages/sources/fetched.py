"""What a source gave, for the store to check and keep."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Fetched:
    """An archive file or an unpacked folder, and what it was promised to be.

    `source` is what the registry keeps. The rest is None where nothing was promised: the archive's
    sha256 (checked already), the key that must have signed it, the manifest's code and version.
    """

    path: Path
    source: str
    archive_sha256: str | None = None
    signer: str | None = None
    code: str | None = None
    version: str | None = None
