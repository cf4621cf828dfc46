from __future__ import annotations

import json
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from runtime_manager.api.parts import ApiParts
from runtime_manager.errors import SettingsError
from runtime_manager.model.settings_change import SettingChange
from runtime_manager.supervisor.changes import Change, Fate, Reload
from tests.component.api.conftest import Files, StandIn

Client = TestClient[Any, Any]
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def files(parts: ApiParts) -> Files:
    assert isinstance(parts.reloads, Files)
    return parts.reloads


async def test_the_plan_is_told_without_values(client: Client, files: Files) -> None:
    change = Change("echo", Fate.RESTARTED, ("env.SECRET",))
    files.plan = Reload((change,), (SettingChange("listen", is_in_force=False),))
    answer = await client.post("/api/v1/reload?dry_run=1", headers=JSON)
    assert files.asked == [True]
    assert await answer.json() == {
        "dry_run": True,
        "providers": [
            {
                "code": "echo",
                "change": "restarted",
                "keys": ["env.SECRET"],
                "deferred": [],
                "error": None,
            }
        ],
        "settings": [{"key": "listen", "in_force": False}],
        "failed": [],
    }


async def test_a_wait_tells_which_did_not_come_up(
    client: Client, files: Files, supervisor: StandIn
) -> None:
    files.plan = Reload((Change("echo", Fate.RESTARTED), Change("broken", Fate.KEPT)), ())
    supervisor.outcomes["restart"] = [{"state": "starting", "generation": 2}, {"state": "failed"}]
    files.effect = lambda: supervisor.restart("echo")
    answer = await client.post("/api/v1/reload?wait=5s", headers=JSON)
    assert (answer.status, (await answer.json())["failed"]) == (200, ["echo"])


async def test_a_wait_that_is_over_says_for_whom(client: Client, files: Files) -> None:
    files.plan = Reload((Change("echo", Fate.REMOVED),), ())
    answer = await client.post("/api/v1/reload?wait=10ms", headers=JSON)
    assert answer.status == 504
    assert "echo is still stopping" in json.loads(await answer.text())["detail"]


async def test_files_of_no_use_are_the_caller_s_to_mend(client: Client, files: Files) -> None:
    def refuse() -> None:
        raise SettingsError("config.yaml:3: no", hint="mend it")

    files.effect = refuse
    answer = await client.post("/api/v1/reload", headers=JSON)
    problem = await answer.json()
    assert (problem["code"], problem["hint"]) == ("bad-configuration", "mend it")
    assert answer.status == 400, problem
