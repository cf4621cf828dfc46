"""Whether a package's signature is enough for it to be installed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from runtime_manager.errors import PackageError
from runtime_manager.packages.package_folder import PackageFolder
from runtime_manager.packages.signature import Signature, core_signature_holds, read_signature
from runtime_manager.packages.tree_digest import Records
from runtime_manager.packages.trust import Standing, Trust

Policy = Literal["required", "warn", "off"]


@dataclass(frozen=True, slots=True)
class Checked:
    """`signer` is the id of the trusted key that signed it, else empty; `warnings` for people."""

    signer: str = ""
    warnings: tuple[str, ...] = ()


def check_signature(
    package: PackageFolder,
    records: Records,
    *,
    trust: Trust,
    policy: Policy,
    demanded: str | None = None,
) -> Checked:
    """Raise PackageError where the policy forbids it. `demanded` is the id of the only good signer.

    A signature that is wrong, or of a revoked key, is refused under `warn` too: an unsigned package
    is a choice, a wrong signature is none.
    """
    if policy == "off":
        return Checked()
    warnings = _core_warnings(package)
    signature = read_signature(package.root)
    if signature is None:
        if policy == "required" or demanded is not None:
            raise _refused("it is not signed", "signature-missing", _ask(demanded))
        return Checked(warnings=(*warnings, "it is not signed"))
    standing = _standing(signature, package, records=records, trust=trust)
    key = signature.key
    if demanded not in (None, key.id):
        raise _refused(
            f"it is signed by {key.id}, and {demanded} was to sign it",
            "signature-of-another",
            "do not trust where it comes from",
        )
    if standing is Standing.TRUSTED:
        return Checked(key.id, warnings)
    if policy == "required" or demanded is not None:
        raise _refused(
            f"it is signed by {key.id}{_named(key.name)}, which is not trusted",
            "signature-untrusted",
            f"if it is who you think it is: rtm trust add '{key.line}'",
        )
    return Checked(warnings=(*warnings, f"it is signed by {key.id}, which is not trusted"))


def _standing(
    signature: Signature, package: PackageFolder, *, records: Records, trust: Trust
) -> Standing:
    standing = trust.standing(signature.key)
    if standing is Standing.REVOKED:
        raise _refused(
            f"it is signed by {signature.key.id}, which was revoked",
            "signature-revoked",
            "do not use it",
        )
    if not signature.is_of(package, records):
        raise _refused(
            "its signature is wrong: it was changed after it was signed",
            "signature-wrong",
            "ask its author for the package again",
        )
    return standing


def _core_warnings(package: PackageFolder) -> tuple[str, ...]:
    if core_signature_holds(package) is False:
        return (
            "the manifest's `sign` is not that of its `sign_key`: it was changed, or rewritten",
        )
    return ()


def _refused(text: str, kind: str, hint: str) -> PackageError:
    return PackageError(f"the package is refused: {text}", hint=hint, kind=kind)


def _ask(demanded: str | None) -> str:
    if demanded is not None:
        return f"its index says that {demanded} signs it"
    return "ask its author to sign it, or set `packages.signatures: warn`"


def _named(name: str) -> str:
    return f" ({name})" if name else ""
