"""The smaller surfaces: routes, registry, settings, health, figures, assets, dashboard, OpenAPI."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from runtime_manager.model.home import Home

Client = TestClient[Any, Any]
DASHBOARD = {"Host": "rtm.localhost:9880"}


async def test_routes_are_told_as_published(client: Client) -> None:
    assert await (await client.get("/api/v1/routes")).json() == {
        "revision": 3,
        "routes": [
            {
                "prefix": "/api/v1/echo",
                "name": "echo",
                "code": "echo",
                "gate": "open",
                "generation": 0,
                "endpoint": "127.0.0.1:4711",
                "cause": "",
                "audience": "provider",
            }
        ],
    }


async def test_packages_are_those_of_the_registry(client: Client, home: Home) -> None:
    assert await (await client.get("/api/v1/packages")).json() == {"packages": []}
    home.registry.parent.mkdir(parents=True)
    home.registry.write_text(
        "version: 1\n"
        "providers:\n"
        "  echo: {installed: '2030-01-02T00:00:00Z', version: 1.0.0, source: here,"
        " auto_start: false}\n"
    )
    (package,) = (await (await client.get("/api/v1/packages")).json())["packages"]
    assert package == {
        "code": "echo",
        "version": "1.0.0",
        "source": "here",
        "installed": "2030-01-02T00:00:00Z",
        "auto_start": False,
        "held": False,
        "signer": "",
        "tree_digest": "",
        "previous": [],
    }


async def test_settings_are_told_without_what_may_be_secret(client: Client) -> None:
    response = await client.get("/api/v1/config")
    assert response.status == 200
    text = await response.text()
    assert "127.0.0.1:9880" in text
    assert "hunter" not in text
    assert "SECRET" not in text


async def test_health_tells_which_daemon_answers(client: Client) -> None:
    assert await (await client.get("/healthz")).json() == {
        "status": "ok",
        "version": "1.2.3",
        "nonce": "0123456789abcdef",
        "pid": os.getpid(),
    }


async def test_readiness_comes_when_nothing_is_starting(client: Client, supervisor: Any) -> None:
    supervisor.change("echo", state="starting")
    response = await client.get("/readyz")
    assert (response.status, response.headers["Retry-After"]) == (503, "1")
    assert await response.json() == {"status": "starting", "starting": ["echo"]}
    supervisor.change("echo", state="ready")
    response = await client.get("/readyz")
    assert (response.status, await response.json()) == (200, {"status": "ready", "starting": []})


async def test_metrics_are_text_for_prometheus(client: Client) -> None:
    response = await client.get("/metrics")
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'rtm_provider_up{code="echo"} 1' in await response.text()


@pytest.fixture
def package(tmp_path: Path, supervisor: Any) -> Path:
    folder = tmp_path / "echo"
    (folder / "assets").mkdir(parents=True)
    (folder / "assets/echo.js").write_text("export {}\n")
    (folder / "assets/echo.wasm").write_bytes(b"\0asm")
    (folder / "manifest.yaml").write_text("code: echo\n")
    supervisor.put("echo", folder=folder)
    return folder


@pytest.mark.usefixtures("package")
async def test_an_asset_has_its_type_and_can_be_revalidated(client: Client) -> None:
    response = await client.get("/assets/echo/echo.js")
    assert (response.status, await response.text()) == (200, "export {}\n")
    assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Last-Modified" in response.headers
    again = {"If-None-Match": response.headers["ETag"]}
    assert (await client.get("/assets/echo/echo.js", headers=again)).status == 304
    wasm = await client.get("/assets/echo/echo.wasm")
    assert wasm.headers["Content-Type"] == "application/wasm"


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize(
    "path",
    ["echo/no.js", "echo/..%2fmanifest.yaml", "echo/%2e%2e/manifest.yaml", "ecko/x.js", "odd/x.js"],
)
async def test_what_is_no_asset_is_not_found(client: Client, path: str) -> None:
    assert (await client.get(f"/assets/{path}")).status == 404


@pytest.mark.usefixtures("package")
async def test_a_provider_that_is_switched_off_has_no_assets(
    client: Client, supervisor: Any
) -> None:
    supervisor.change("echo", state="stopped", wanted="down")
    assert (await client.get("/assets/echo/echo.js")).status == 404


@pytest.mark.usefixtures("package")
async def test_no_script_of_a_package_is_on_the_dashboards_origin(client: Client) -> None:
    response = await client.get("/assets/echo/echo.js", headers=DASHBOARD)
    assert response.status == 404


async def test_the_dashboard_is_on_its_own_name_and_strict(client: Client) -> None:
    types = {"/": "text/html", "/dashboard.js": "text/javascript", "/dashboard.css": "text/css"}
    for path, content_type in types.items():
        response = await client.get(path, headers=DASHBOARD)
        assert (response.status, response.content_type) == (200, content_type)
        policy = response.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "unsafe" not in policy
        assert (await client.get(path)).status == 404


async def test_the_dashboard_asks_nobody_else_for_anything(client: Client) -> None:
    for path in ("/", "/dashboard.js", "/dashboard.css"):
        text = await (await client.get(path, headers=DASHBOARD)).text()
        assert set(re.findall(r"https?://[^'\"\s]+", text)) <= {"http://www.w3.org/2000/svg"}
    for never in ("innerHTML", "insertAdjacentHTML", "outerHTML", "document.write", "eval("):
        assert never not in await (await client.get("/dashboard.js", headers=DASHBOARD)).text()


async def test_every_route_is_in_the_openapi_document_and_the_other_way_round(
    client: Client, app: web.Application
) -> None:
    document = await (await client.get("/api/v1/openapi.json")).json()
    told = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    served = {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    assert told == served


async def test_the_openapi_document_leads_nowhere_unknown(client: Client) -> None:
    document = await (await client.get("/api/v1/openapi.json")).json()
    assert document["openapi"] == "3.1.0"
    assert document["info"]["version"] == "1.2.3"
    text = str(document)
    schemas = document["components"]["schemas"]
    assert set(re.findall(r"#/components/schemas/(\w+)", text)) == set(schemas)
    operations = [o for item in document["paths"].values() for o in item.values()]
    assert len({o["operationId"] for o in operations}) == len(operations)
    deed = document["paths"]["/api/v1/providers/{code}/start"]["post"]
    assert set(deed["responses"]) == {"200", "202", "400", "404", "409", "415", "504"}
