"""One tree of errors. Each has a kebab-case code, a message, facts, and a hint for the reader.

HTTP statuses and exit codes are not known here: each surface keeps its own table by class.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing itself would cost the command line 3 ms
if TYPE_CHECKING:
    from typing import ClassVar


class RuntimeManagerError(Exception):
    """Something a caller can act on: what happened, to what, and what to do about it."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str = "", **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.facts = facts

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class InputError(RuntimeManagerError):
    """A file or value from outside cannot be used; facts: file, line, key where known."""

    code = "bad-input"


class ManifestError(InputError):
    """A manifest.yaml that cannot be used."""

    code = "bad-manifest"


class SettingsError(InputError):
    """A config.yaml, flag or RTM_* variable that cannot be used."""

    code = "bad-configuration"


class RegistryError(InputError):
    """A registry.yaml that cannot be read or written."""

    code = "bad-registry"


class PackageError(RuntimeManagerError):
    """A package cannot be had, trusted, installed or removed; nothing was changed.

    The fact `kind` is a kebab-case word for the rule that was broken, such as sha256-mismatch.
    """

    code = "package-error"


class UpgradeError(PackageError):
    """A new version did not come up well, and the old one stands as it was."""

    code = "upgrade-refused"


class SourceError(PackageError):
    """Where to install from was not said in a way we take; nothing was fetched."""

    code = "bad-source"


class UnknownCodeError(RuntimeManagerError):
    """No provider has this code; the hint names the nearest one."""

    code = "unknown-code"


class NotStartableError(RuntimeManagerError):
    """The provider is listed, but cannot be started: its manifest is invalid."""

    code = "not-startable"


class SpawnError(RuntimeManagerError):
    """A program could not be started. `is_permanent`: trying again cannot help.

    `is_scarcity`: the daemon lacked something of its own, which says nothing of the program.
    """

    code = "spawn-failed"

    def __init__(
        self,
        message: str,
        *,
        is_permanent: bool,
        is_scarcity: bool = False,
        hint: str = "",
        **facts: object,
    ) -> None:
        super().__init__(message, hint=hint, **facts)
        self.is_permanent = is_permanent
        self.is_scarcity = is_scarcity


class PortTakenError(RuntimeManagerError):
    """An address is in use by somebody else; the message names the owner where it can be told."""

    code = "port-taken"


class WaitTimeoutError(RuntimeManagerError):
    """What was waited for did not come in time."""

    code = "wait-timeout"


class ConnectError(RuntimeManagerError):
    """An endpoint could not be reached: refused, unreachable or too slow."""

    code = "connect-failed"


class ProtocolError(RuntimeManagerError):
    """The peer's bytes are not HTTP/1.1 as we accept it, or stopped short."""

    code = "bad-response"


class AlreadyRunningError(RuntimeManagerError):
    """Another daemon owns this home; facts: url, pid."""

    code = "already-running"


class DaemonError(RuntimeManagerError):
    """The daemon cannot start or go on: home not writable, guard lost, address refused."""

    code = "daemon-error"


class UnknownLeaseError(RuntimeManagerError):
    """No lease has this id."""

    code = "unknown-lease"


class LeaseLimitError(RuntimeManagerError):
    """More leases are held than anybody needs."""

    code = "too-many-leases"


class DaemonEndingError(RuntimeManagerError):
    """The daemon is about to end, and takes on nothing new."""

    code = "daemon-ending"
