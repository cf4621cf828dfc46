"""The token an operator gives to a service, by systemd's LoadCredential=. Standard library only."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from runtime_manager.errors import SettingsError

_SHORTEST = 16


@dataclass(frozen=True, slots=True)
class Credential:
    """A token that is not ours to make, and the file it is in, which is never written."""

    token: str
    file: Path


def given_token(environ: Mapping[str, str]) -> Credential | None:
    """`$CREDENTIALS_DIRECTORY/token`; None where there is none. Raises SettingsError.

    Only where systemd started this very process (SYSTEMD_EXEC_PID, systemd.exec(5)): a service that
    starts us as its child has credentials of its own.
    """
    folder = environ.get("CREDENTIALS_DIRECTORY")
    if not folder or environ.get("SYSTEMD_EXEC_PID", str(os.getpid())) != str(os.getpid()):
        return None
    file = Path(folder) / "token"
    try:
        token = file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(f"the credential {file} cannot be read: {exc}") from exc
    if len(token) < _SHORTEST or not (token.isprintable() and len(token.split()) == 1):
        raise SettingsError(
            f"the credential {file} is no token",
            hint=f"one word of at least {_SHORTEST} characters, as `openssl rand -hex 32` prints",
        )
    return Credential(token, file)
