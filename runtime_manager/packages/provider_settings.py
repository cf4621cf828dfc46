"""What was set for each provider: `settings/CODE.yaml`, and `settings/CODE.secrets/NAME`.

Both are for their owner alone. The folder of secrets is what the program is given as its
CREDENTIALS_DIRECTORY, a file for each (systemd.exec(5)).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import yaml

from runtime_manager.errors import PackageError, SettingsError, SpawnError
from runtime_manager.model.document import load
from runtime_manager.model.home import Home
from runtime_manager.model.manifest import Manifest
from runtime_manager.model.provider_settings import in_effect, missing
from runtime_manager.packages.disk import Disk, disk_trouble, replace_file

_SECRET_LIMIT_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one program is given; `credentials` is None where it has no secrets."""

    values: Mapping[str, str]
    credentials: Path | None


class ProviderSettings:
    """What was set for one provider. Its methods raise SettingsError or PackageError."""

    def __init__(self, home: Home, code: str, disk: Disk | None = None) -> None:
        self._file = home.settings / f"{code}.yaml"
        self._secrets = home.settings / f"{code}.secrets"
        self._disk = disk or Disk()

    @property
    def paths(self) -> tuple[Path, Path]:
        """The file and the folder of secrets."""
        return self._file, self._secrets

    def values(self) -> dict[str, str]:
        """What was set and is no secret."""
        try:
            text = self._file.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as exc:
            raise SettingsError(f"{self._file} cannot be read: {exc.strerror}") from exc
        document = load(
            text,
            file=str(self._file),
            error=SettingsError,
            as_written=frozenset({"settings"}),
            may_be_empty=True,
        )
        found = document.data.get("settings")
        if not isinstance(found, dict):
            return {}
        return {name: text for name, text in found.items() if isinstance(text, str)}

    def secrets(self) -> frozenset[str]:
        """The names of the secrets that were set."""
        try:
            return frozenset(one.name for one in self._secrets.iterdir() if one.name[0] != ".")
        except OSError:
            return frozenset()

    def set(self, values: Mapping[str, str], secrets: Mapping[str, str]) -> None:
        """Add to what was set, or replace it, name by name."""
        with disk_trouble(f"{self._file.parent} cannot be written"):
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if values:
                text = yaml.safe_dump({"settings": {**self.values(), **values}}, allow_unicode=True)
                replace_file(self._disk, self._file, text.encode(), mode=0o600)
            if secrets:
                self._secrets.mkdir(mode=0o700, exist_ok=True)
                self._secrets.chmod(0o700)
            for name, secret in secrets.items():
                replace_file(self._disk, self._secrets / name, secret.encode(), mode=0o600)

    @contextmanager
    def tried(self, values: Mapping[str, str], secrets: Mapping[str, str]) -> Iterator[None]:
        """As `set`; what was set before comes back where the `with` block raises."""
        before = {path: _content(path) for path in self._touched(secrets)}
        try:
            if values or secrets:
                self.set(values, secrets)
            yield
        except BaseException:
            for path, content in before.items():
                with suppress(OSError):
                    self._put_back(path, content)
            raise

    def _touched(self, secrets: Mapping[str, str]) -> list[Path]:
        return [self._file, *(self._secrets / name for name in secrets)]

    def _put_back(self, path: Path, content: bytes | None) -> None:
        if content is None:
            self._disk.unlink(path)
        elif content != _content(path):
            replace_file(self._disk, path, content, mode=0o600)


def delivery(home: Home, manifest: Manifest) -> Delivery:
    """What the program of `manifest` is given. Raises SpawnError where a required one is missing.

    Reads the files, where the manifest has settings at all.
    """
    if not manifest.settings:
        return Delivery({}, None)
    own = ProviderSettings(home, manifest.code)
    try:
        values, secrets = own.values(), own.secrets()
    except SettingsError as error:
        raise SpawnError(error.message, is_permanent=True, hint=error.hint) from error
    absent = missing(manifest.settings, {*values, *secrets})
    if absent:
        raise SpawnError(
            f"it cannot do without its setting `{absent[0]}`, which has no value",
            is_permanent=True,
            hint=f"give it one: rtm set {manifest.code} {absent[0]}=…",
            kind="setting-missing",
        )
    has_secrets = any(one.secret for one in manifest.settings.values())
    folder = own.paths[1] if has_secrets and own.paths[1].is_dir() else None
    return Delivery(in_effect(manifest.settings, values), folder)


def read_secret(path: Path) -> str:
    """The text of a file with a secret, without the line feed at its end. Raises PackageError."""
    try:
        with path.open("rb") as file:
            text = file.read(_SECRET_LIMIT_BYTES + 1)
        if len(text) > _SECRET_LIMIT_BYTES:
            raise PackageError(f"{path} is too large for a secret", kind="bad-secret")
        return text.decode().removesuffix("\n")
    except OSError as exc:
        raise PackageError(f"{path} cannot be read: {exc.strerror}", kind="bad-secret") from exc
    except UnicodeDecodeError as exc:
        raise PackageError(f"{path} is no text", kind="bad-secret") from exc


def _content(path: Path) -> bytes | None:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(handle, "rb") as file:
        return file.read()
