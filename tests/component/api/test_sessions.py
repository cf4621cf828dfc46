"""Signing a browser in by a one-time address."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp.test_utils import TestClient

from runtime_manager.gateway.sessions import Reach, Scope, read_session

Client = TestClient[Any, Any]
SESSIONS = "/api/v1/sessions"


async def made(client: Client, **request: str) -> tuple[str, str]:
    """The host and the target of a new one-time address."""
    response = await client.post(SESSIONS, json=request)
    assert response.status == 201
    document = await response.json()
    assert document["expires_in_s"] == 60
    parts = urlsplit(document["url"])
    return parts.netloc, f"{parts.path}?{parts.query}"


async def exchanged(client: Client, host: str, target: str, **headers: str) -> Any:
    return await client.get(target, headers={"Host": host, **headers}, allow_redirects=False)


@pytest.mark.parametrize(
    ("request_", "host", "scope", "to"),
    [
        ({"for": "echo"}, "echo.localhost:9880", Scope(Reach.NAME, "echo"), "/"),
        ({"for": "echo", "via": "path"}, "127.0.0.1:9880", Scope(Reach.PATH), "/api/v1/echo/"),
        ({"for": "dashboard"}, "rtm.localhost:9880", Scope(Reach.DASHBOARD), "/"),
    ],
)
async def test_the_address_sets_a_cookie_of_its_own_origin_and_leads_on(
    client: Client, request_: dict[str, str], host: str, scope: Scope, to: str
) -> None:
    made_host, target = await made(client, **request_)
    assert made_host == host
    response = await exchanged(client, host, target)
    assert (response.status, response.headers["Location"]) == (303, to)
    cookie = response.cookies["rtm_session_d1"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
    assert cookie["domain"] == ""
    assert read_session(b"k" * 32, cookie.value, now=time.time()) == scope
    assert read_session(b"k" * 32, cookie.value, now=time.time() + 13 * 3600) is None


async def test_a_code_works_once_and_on_its_own_host_only(client: Client) -> None:
    host, target = await made(client, **{"for": "echo"})
    assert (await exchanged(client, host, target)).status == 303
    assert (await exchanged(client, host, target)).status == 403
    _, target = await made(client, **{"for": "echo"})
    response = await exchanged(client, "rtm.localhost:9880", target)
    assert response.status == 403
    assert (await response.json())["code"] == "session-code-refused"
    assert "Set-Cookie" not in response.headers


async def test_a_head_request_does_not_use_the_code_up(client: Client) -> None:
    host, target = await made(client, **{"for": "echo"})
    assert (await client.head(target, headers={"Host": host})).status == 405
    assert (await exchanged(client, host, target)).status == 303


async def test_who_comes_by_a_link_of_another_site_gets_a_page_that_goes_on(
    client: Client,
) -> None:
    host, target = await made(client, **{"for": "echo"})
    response = await exchanged(client, host, target, **{"Sec-Fetch-Site": "cross-site"})
    assert response.status == 200
    assert "rtm_session_d1" in response.cookies
    assert 'content="0; url=/"' in await response.text()
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]


async def test_where_it_leads_cannot_be_said_in_the_address(client: Client) -> None:
    host, target = await made(client, **{"for": "echo"})
    response = await exchanged(client, host, f"{target}&to=http://evil.example/")
    assert response.status == 400


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({}, 400),
        ({"for": "echo", "via": "mail"}, 400),
        ({"for": "echo", "to": "/"}, 400),
        ({"for": "x" * 64}, 400),
        ({"for": "dashboard", "via": "path"}, 400),
        ({"for": "ecko"}, 404),
        ({"for": "odd"}, 409),
    ],
)
async def test_what_cannot_be_opened_is_refused(
    client: Client, request_: dict[str, str], status: int
) -> None:
    assert (await client.post(SESSIONS, json=request_)).status == status
