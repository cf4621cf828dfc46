"""What is told of a provider: the keys IDEs know, and ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from runtime_manager.api.pictures import Pictures
from runtime_manager.supervisor.view import Cause, ProviderView

View = Callable[..., ProviderView]


@dataclass(frozen=True)
class Element:
    tag: str
    source: str


@dataclass(frozen=True)
class Usage:
    processes: int = 2
    rss_bytes: int = 1024
    cpu_seconds: float = 0.5
    threads: int = 3
    memory_bytes: int | None = None
    memory_pressure: float | None = None
    cpu_pressure: float | None = None
    io_pressure: float | None = None


def listed(view: ProviderView, usage: Usage | None = None) -> dict[str, Any]:
    document = Pictures("http://127.0.0.1:9880").listed(view, usage)
    told: dict[str, Any] = json.loads(document.json_bytes())
    return told


def test_a_ready_provider_is_active(view: View) -> None:
    told = listed(view(channels=("news",)), Usage())
    assert {key: told[key] for key in ("name", "basePath", "status", "channels")} == {
        "name": "Echo",
        "basePath": "/api/v1/echo",
        "status": "active",
        "channels": ["news"],
    }
    assert told["state"] == "ready"
    assert told["url"] == "http://127.0.0.1:9880/api/v1/echo/"
    assert told["since"] == "2030-01-02T12:00:00.000Z"
    assert told["usage"]["rss_bytes"] == 1024


def test_any_other_state_is_its_own_status_and_tells_its_cause(view: View) -> None:
    told = listed(view(state="failed", cause=Cause("exited", "exit code 3", "see logs")))
    assert told["status"] == told["state"] == "failed"
    assert told["cause"] == {"kind": "exited", "message": "exit code 3", "hint": "see logs"}


def test_an_invalid_package_has_no_address(view: View) -> None:
    told = listed(view(state="invalid", namespace="", manifest_error="line 3"))
    assert (told["url"], told["manifest_error"]) == (None, "line 3")


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("echo.js", "/assets/echo/echo.js"),
        ("./dist/echo.js", "/assets/echo/dist/echo.js"),
        ("assets/echo.js", "/assets/echo/echo.js"),
        ("/echo.js", "/assets/echo/echo.js"),
        ("a b?.js", "/assets/echo/a%20b%3F.js"),
    ],
)
def test_an_element_is_told_with_an_address_that_loads(view: View, source: str, path: str) -> None:
    given = replace(view(), element=Element("x-echo", source))  # type: ignore[arg-type]
    assert listed(given)["element"] == {"tag": "x-echo", "source": path}


def test_the_detail_has_what_helps_to_tell_why(view: View) -> None:
    given = view(last_exit="exit code 3", last_probe="503", stderr_tail=("boom",))
    told = json.loads(Pictures("http://x").detailed(given).json_bytes())
    assert (told["last_exit"], told["last_probe"], told["stderr_tail"]) == (
        "exit code 3",
        "503",
        ["boom"],
    )
