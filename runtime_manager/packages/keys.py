"""Keys that sign packages: Ed25519 (RFC 8032). The private one is a PEM file that openssl reads.

The public one is a line `rtm-ed25519 BASE64 NAME`. Its id is the first 16 hexadecimal digits of the
SHA-256 of its 32 bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime_manager.errors import PackageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_KIND = "rtm-ed25519"
_KEY_BYTES = 32
_ID_DIGITS = 16


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Checks what its private key has signed. `name` is for people, and may be empty."""

    raw: bytes
    name: str = ""

    @property
    def id(self) -> str:
        """What it is called in the registry and in indexes."""
        return hashlib.sha256(self.raw).hexdigest()[:_ID_DIGITS]

    @property
    def line(self) -> str:
        """As it is written in a file."""
        return f"{_KIND} {base64.b64encode(self.raw).decode()} {self.name}".rstrip()

    def has_signed(self, text: bytes, signature: bytes) -> bool:
        """Whether `signature` is its own, of this very text."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, text)
        except InvalidSignature:
            return False
        return True


def parse_public_key(text: str) -> PublicKey:
    """The key in a line as above, or in 64 hexadecimal digits, core/ide's form.

    Raises PackageError.
    """
    words = text.strip().split(maxsplit=2)
    try:
        if words[:1] == [_KIND] and len(words) > 1:
            raw = base64.b64decode(words[1], validate=True)
        else:
            raw = bytes.fromhex(text.strip())
    except (ValueError, binascii.Error):
        raw = b""
    if len(raw) != _KEY_BYTES or "\n" in text.strip():
        raise PackageError(
            "that is no public key",
            hint=f"expected `{_KIND} BASE64 NAME`, as `rtm keygen` prints it",
            kind="bad-key",
        )
    return PublicKey(raw, words[2] if len(words) > 2 else "")


def generate(path: Path, *, name: str) -> PublicKey:
    """Write a new key pair to `path` (mode 0600) and `path`.pub, neither of which may be there.

    Raises PackageError, or OSError.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    public_path = path.with_name(f"{path.name}.pub")
    for one in (path, public_path):
        if one.exists():
            raise PackageError(
                f"{one} is there already", hint="give another name", kind="key-exists"
            )
    private = Ed25519PrivateKey.generate()
    key = _public(private, name)
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _write_new(path, pem, mode=0o600)
    try:
        _write_new(public_path, f"{key.line}\n".encode(), mode=0o644)
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise
    return key


def load_private_key(path: Path) -> tuple[Ed25519PrivateKey, PublicKey]:
    """The key in a PEM file and its public half. Raises PackageError where it is none."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        private: Any = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except OSError as exc:
        raise _no_private_key(f"{path} cannot be read: {exc.strerror}") from exc
    except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
        raise _no_private_key(f"{path} is no private key without a password") from exc
    if not isinstance(private, Ed25519PrivateKey):
        raise _no_private_key(f"{path} is a key of another kind than Ed25519")
    return private, _public(private, _name_beside(path))


def _public(private: Ed25519PrivateKey, name: str) -> PublicKey:
    return PublicKey(private.public_key().public_bytes_raw(), name)


def _name_beside(path: Path) -> str:
    with suppress(OSError, PackageError, ValueError):
        return parse_public_key(path.with_name(f"{path.name}.pub").read_text()).name
    return ""


def _no_private_key(message: str) -> PackageError:
    return PackageError(message, hint="make one with: rtm keygen FILE", kind="bad-key")


def _write_new(path: Path, data: bytes, *, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
