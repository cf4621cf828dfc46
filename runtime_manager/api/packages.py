"""The packages: what the registry says, and changes of it under a running daemon."""

from __future__ import annotations

import asyncio

from aiohttp import web

from runtime_manager.api.operation import Answer, Call, Nothing, Operation
from runtime_manager.api.package_schemas import (
    AdoptedDocument,
    AdoptRequest,
    PackageDocument,
    PackageList,
    RemovedDocument,
)
from runtime_manager.api.parts import ApiParts
from runtime_manager.api.providers import answer
from runtime_manager.errors import (
    ManifestError,
    NotStartableError,
    PackageError,
    RegistryError,
    UnknownCodeError,
    UpgradeError,
)
from runtime_manager.model.registry import InstalledVersion, Registry
from runtime_manager.packages.transaction import Transactions

_ALL = "/api/v1/packages"
_ONE = f"{_ALL}/{{code}}"


class RemoveQuery(Nothing):
    """`purge=1` removes what the provider wrote too: its data and logs."""

    purge: bool = False


class PackageViews:
    """The operations on packages."""

    def __init__(self, parts: ApiParts) -> None:
        self._packages = parts.packages
        self._transactions = Transactions(parts.home)

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        return (
            Operation(
                "GET",
                _ALL,
                name="listPackages",
                summary="The registry: what is installed.",
                call=self.list,
                answers=(Answer(200, "The packages by code.", PackageList),),
                errors=(RegistryError,),
            ),
            Operation(
                "POST",
                f"{_ONE}/adopt",
                name="adoptPackage",
                summary="Use a version that lies in the store; a running one is upgraded, "
                "once the new version has proved itself beside it.",
                call=self.adopt,
                body=AdoptRequest,
                answers=(Answer(200, "It is in use.", AdoptedDocument),),
                errors=(UpgradeError, PackageError, ManifestError, NotStartableError),
            ),
            Operation(
                "DELETE",
                _ONE,
                name="removePackage",
                summary="Stop a provider and uninstall its package.",
                call=self.remove,
                query=RemoveQuery,
                answers=(Answer(200, "It is gone.", RemovedDocument),),
                errors=(UnknownCodeError, PackageError),
            ),
        )

    async def list(self, _call: Call[Nothing, Nothing]) -> web.Response:
        """See `operations`."""
        registry = await asyncio.to_thread(self._transactions.read)
        return answer(packages_of(registry))

    async def adopt(self, call: Call[Nothing, AdoptRequest]) -> web.Response:
        """See `operations`. The change goes on when its caller leaves."""
        version = InstalledVersion(**call.body.model_dump())
        done = await asyncio.shield(self._packages.adopt(call.code, version))
        return answer(
            AdoptedDocument(
                code=done.code,
                version=done.version,
                before=done.before,
                folder=str(done.folder),
                is_new=done.is_new,
            )
        )

    async def remove(self, call: Call[RemoveQuery, Nothing]) -> web.Response:
        """See `operations`. The change goes on when its caller leaves."""
        await asyncio.shield(self._packages.remove(call.code, purge=call.query.purge))
        return answer(RemovedDocument(code=call.code, purged=call.query.purge))


def packages_of(registry: Registry) -> PackageList:
    """The entries of the registry, by code."""
    return PackageList(
        packages=[
            PackageDocument(
                code=code,
                version=entry.version,
                source=entry.source,
                installed=entry.installed,
                auto_start=entry.auto_start,
                held=entry.held,
                signer=entry.signer,
                tree_digest=entry.tree_digest,
                previous=[one.version for one in entry.previous],
            )
            for code, entry in sorted(registry.providers.items())
        ]
    )
