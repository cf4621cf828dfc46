"""Whose packages are trusted: a public key each in `trust/ID.pub`; ids never to be trusted again in
`trust/revoked`, one a line, with what was noted on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import Path

from runtime_manager.errors import PackageError
from runtime_manager.model.home import Home
from runtime_manager.packages.disk import Disk, disk_trouble, replace_file
from runtime_manager.packages.keys import PublicKey, parse_public_key


class Standing(Enum):
    """What is thought of a key."""

    TRUSTED = "trusted"
    UNKNOWN = "unknown"
    REVOKED = "revoked"


class Trust:
    """The keys one home trusts. Its methods raise PackageError."""

    def __init__(self, home: Home, disk: Disk | None = None) -> None:
        self._folder = home.trust
        self._disk = disk or Disk()

    def standing(self, key: PublicKey) -> Standing:
        """By the whole key, not by its id alone."""
        if key.id in self.revoked():
            return Standing.REVOKED
        is_known = any(one.raw == key.raw for one in self.keys())
        return Standing.TRUSTED if is_known else Standing.UNKNOWN

    def keys(self) -> list[PublicKey]:
        """All that are trusted, by id."""
        keys = []
        for path in sorted(self._folder.glob("*.pub")):
            with disk_trouble(f"{path} cannot be read"):
                text = path.read_text(errors="replace")
            try:
                keys.append(parse_public_key(text))
            except PackageError as error:
                raise PackageError(
                    f"{path}: {error.message}", hint=error.hint, kind="bad-key"
                ) from None
        return sorted(keys, key=lambda one: one.id)

    def revoked(self) -> dict[str, str]:
        """By id, what was noted."""
        with disk_trouble(f"{self._revoked_path} cannot be read"):
            try:
                text = self._revoked_path.read_text(errors="replace")
            except FileNotFoundError:
                return {}
        rows = (line.partition(" ") for line in text.splitlines() if line.strip())
        return {id_: note for id_, _, note in rows}

    def add(self, key: PublicKey) -> None:
        """Trust a key from now on."""
        if key.id in self.revoked():
            raise PackageError(
                f"the key {key.id} was revoked",
                hint=f"if it is to be trusted again, take its line out of {self._revoked_path}",
                kind="signature-revoked",
            )
        with disk_trouble("the key cannot be kept"):
            self._folder.mkdir(parents=True, exist_ok=True)
            replace_file(self._disk, self._path(key.id), f"{key.line}\n".encode())

    def remove(self, wanted: str, *, revoke: bool = False, note: str = "") -> str:
        """Trust a key no longer, by its id or name; the id. `revoke`: and never again."""
        found = [one for one in self.keys() if wanted in (one.id, one.name)]
        if len(found) != 1 and not (revoke and _is_id(wanted)):
            raise PackageError(
                f"{wanted} is the name of {len(found)} keys" if found else f"no key is {wanted}",
                hint="see: rtm trust list",
                kind="unknown-key",
            )
        id_ = found[0].id if found else wanted
        with disk_trouble("the key cannot be removed"):
            if revoke:
                self._folder.mkdir(parents=True, exist_ok=True)
                rows = {**self.revoked(), id_: " ".join(note.split())}
                text = "".join(
                    f"{key} {what}".rstrip() + "\n" for key, what in sorted(rows.items())
                )
                replace_file(self._disk, self._revoked_path, text.encode())
            for path in self._folder.glob("*.pub"):
                if parse_public_key(path.read_text()).id == id_:
                    self._disk.unlink(path)
        return id_

    def _write_revoked(self, notes: Mapping[str, str]) -> None:
        rows = [f"{id_} {note}".rstrip() + "\n" for id_, note in sorted(notes.items())]
        replace_file(self._disk, self._revoked_path, "".join(rows).encode())

    @property
    def _revoked_path(self) -> Path:
        return self._folder / "revoked"

    def _path(self, id_: str) -> Path:
        return self._folder / f"{id_}.pub"


def _is_id(text: str) -> bool:
    return len(text) == 16 and all(digit in "0123456789abcdef" for digit in text)
