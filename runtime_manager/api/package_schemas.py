"""What the API says of packages, and what it is told of them."""

from __future__ import annotations

from pydantic import Field

from runtime_manager.api.schema import Schema


class PackageDocument(Schema):
    """One entry of the registry; a text is empty where the registry does not say."""

    code: str
    version: str
    source: str
    installed: str
    auto_start: bool
    held: bool
    signer: str
    tree_digest: str
    previous: list[str]


class AdoptRequest(Schema):
    """A version that lies in the store, as the registry is to have it."""

    version: str = Field(max_length=128)
    source: str = Field(max_length=4096)
    folder: str = Field(pattern="^[A-Za-z0-9][A-Za-z0-9.+_-]*$", max_length=200)
    archive_sha256: str = Field("", max_length=64)
    tree_digest: str = Field("", max_length=200)
    signer: str = Field("", max_length=200)
    installed: str = Field("", max_length=40)


class AdoptedDocument(Schema):
    """The version in use now, and the one before; `is_new` is false where it was so already."""

    code: str
    version: str
    before: str | None
    folder: str
    is_new: bool


class RemovedDocument(Schema):
    """What has been uninstalled, and whether what it wrote is gone too."""

    code: str
    purged: bool


class PackageList(Schema):
    """What the registry says is installed."""

    packages: list[PackageDocument]
