"""The signature of a package: over the digest of its files and of its manifest.

It lies in the package as `package.sig`, which is left out of what is signed, so that it travels in
archives, folders and packages of PyPI or npm alike.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from pathlib import Path

from runtime_manager.errors import PackageError
from runtime_manager.packages.disk import Disk, disk_trouble, replace_file
from runtime_manager.packages.keys import PublicKey, load_private_key, parse_public_key
from runtime_manager.packages.package_folder import PackageFolder, read_package
from runtime_manager.packages.source_files import source_files
from runtime_manager.packages.tree_digest import Record, Records, digest_of, record_of

SIGNATURE_FILE = "package.sig"
_FORMAT = 1
_CORE_SIGN = re.compile(rb"^sign: *[\"']?([A-Za-z0-9+/=]+)[\"']? *\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Signature:
    """What `package.sig` says."""

    key: PublicKey
    signature: bytes

    def is_of(self, package: PackageFolder, records: Records) -> bool:
        """Whether it was made for this very package."""
        return self.key.has_signed(signed_text(package, records), self.signature)


def signed_text(package: PackageFolder, records: Records) -> bytes:
    """What is signed of a package."""
    files = {path: one for path, one in records.items() if path != SIGNATURE_FILE}
    return (
        f"runtime-manager package {_FORMAT}\n"
        f"code: {package.manifest.code}\n"
        f"version: {package.manifest.version}\n"
        f"files: {digest_of(files)}\n"
        f"manifest: {package.manifest_sha256}\n"
    ).encode()


def sign_folder(folder: Path, *, key_file: Path) -> PublicKey:
    """Write `package.sig` into a package's folder, with the key that has signed it."""
    private, public = load_private_key(key_file)
    with disk_trouble(f"{folder} cannot be signed"):
        package = read_package(folder)
        found = source_files(package.root, code=package.manifest.code)
        records: dict[str, Record] = {
            one.name: record_of(one.path) for one in found if not one.is_folder
        }
        signature = private.sign(signed_text(package, records))
        text = json.dumps(
            {
                "format": _FORMAT,
                "key": public.line,
                "signature": base64.b64encode(signature).decode(),
            },
            indent=2,
        )
        replace_file(Disk(), package.root / SIGNATURE_FILE, f"{text}\n".encode())
    return public


def read_signature(root: Path) -> Signature | None:
    """The signature in a package's folder, None where there is none. Raises PackageError."""
    try:
        text = (root / SIGNATURE_FILE).read_bytes()
    except FileNotFoundError:
        return None
    try:
        match json.loads(text):
            case {"format": 1, "key": str(key), "signature": str(signature)}:
                return Signature(parse_public_key(key), base64.b64decode(signature, validate=True))
    except (ValueError, RecursionError, binascii.Error, PackageError):
        pass
    raise PackageError(
        f"{SIGNATURE_FILE} of the package is damaged, or of a newer program",
        hint="ask its author for the package again",
        kind="signature-damaged",
    )


def core_signature_holds(package: PackageFolder) -> bool | None:
    """Whether the manifest's own `sign` is that of its `sign_key`; None where it has none of both.

    core/ide signs the manifest without its `sign` line, as its tool writes it, with Ed25519; `sign`
    is base64, the key hexadecimal. A manifest that was written anew since is not told from one
    that was changed. It says nothing of the package's other files.
    """
    manifest = package.manifest
    if not manifest.sign or not manifest.sign_key:
        return None
    try:
        key = parse_public_key(manifest.sign_key)
        signature = base64.b64decode(manifest.sign, validate=True)
    except (ValueError, binascii.Error, PackageError):
        return False
    text = _CORE_SIGN.sub(b"", package.manifest_text, count=1)
    return len(signature) == 64 and key.has_signed(text, signature)
