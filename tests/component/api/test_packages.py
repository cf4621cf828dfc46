from __future__ import annotations

from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from runtime_manager.api.parts import ApiParts
from runtime_manager.errors import UnknownCodeError, UpgradeError
from runtime_manager.model.registry import InstalledVersion
from tests.component.api.conftest import Store

Client = TestClient[Any, Any]
BODY = {"version": "2.0", "source": "/src", "folder": "2.0-abc"}


@pytest.fixture
def store(parts: ApiParts) -> Store:
    assert isinstance(parts.packages, Store)
    return parts.packages


async def test_a_version_of_the_store_is_adopted(client: Client, store: Store) -> None:
    answer = await client.post("/api/v1/packages/echo/adopt", json=BODY)
    assert (answer.status, await answer.json()) == (
        200,
        {
            "code": "echo",
            "version": "2.0",
            "before": "1.0",
            "folder": "/packages/echo",
            "is_new": True,
        },
    )
    version = InstalledVersion(version="2.0", source="/src", folder="2.0-abc")
    assert store.asked == [("adopt", "echo", version)]


async def test_a_version_that_did_not_prove_itself_is_a_conflict(
    client: Client, store: Store
) -> None:
    store.error = UpgradeError("echo 2.0 did not come up: exit code 3", hint="as before")
    answer = await client.post("/api/v1/packages/echo/adopt", json=BODY)
    problem = await answer.json()
    assert (answer.status, problem["code"], problem["hint"]) == (
        409,
        "upgrade-refused",
        "as before",
    )


@pytest.mark.parametrize("folder", ["../x", "/etc", ".hidden", ""])
async def test_a_folder_is_a_name_in_the_store(client: Client, store: Store, folder: str) -> None:
    answer = await client.post("/api/v1/packages/echo/adopt", json={**BODY, "folder": folder})
    assert answer.status == 400
    assert store.asked == []


async def test_a_package_is_removed_with_what_it_wrote_where_that_is_wished(
    client: Client, store: Store
) -> None:
    answer = await client.delete("/api/v1/packages/echo?purge=1")
    assert await answer.json() == {"code": "echo", "purged": True}
    store.error = UnknownCodeError("no such package")
    assert (await client.delete("/api/v1/packages/nope")).status == 404
    assert store.asked == [("remove", "echo", True), ("remove", "nope", False)]
