"""How much an archive may hold, so that a small download cannot fill a disk."""

from __future__ import annotations

from dataclasses import dataclass

from runtime_manager.errors import PackageError

_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Limits:
    """What one package may unpack to. The ratio counts once `ratio_floor_bytes` are out."""

    unpacked_bytes: int = 4096 * _MIB
    entries: int = 100_000
    ratio: int = 200
    ratio_floor_bytes: int = 64 * _MIB

    def check_size(self, unpacked_bytes: int, archive_bytes: int) -> None:
        """Raise PackageError where so much came, or is about to come, of so much archive."""
        if unpacked_bytes > self.unpacked_bytes:
            raise PackageError(
                f"the archive unpacks to more than {self.unpacked_bytes // _MIB} MiB",
                hint="see that it is the right one; one that large is installed from a folder",
                kind="too-large",
                limit_bytes=self.unpacked_bytes,
            )
        if unpacked_bytes > max(self.ratio_floor_bytes, self.ratio * archive_bytes):
            raise PackageError(
                f"the archive unpacks to more than {self.ratio} times its size",
                hint="this is how archives look that are made to fill disks",
                kind="ratio",
                limit=self.ratio,
            )

    def check_count(self, entries: int) -> None:
        """Raise PackageError where an archive has so many files and folders."""
        if entries > self.entries:
            raise PackageError(
                f"the archive has more than {self.entries:,} files and folders",
                hint="pack fewer, larger files",
                kind="too-many",
                limit=self.entries,
            )
