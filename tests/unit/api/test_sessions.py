"""Where a one-time address leads, and what it opens there."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest

from runtime_manager.api.codes import Grant
from runtime_manager.api.parts import Providers
from runtime_manager.api.problems import BadRequestError
from runtime_manager.api.schemas import SessionRequest
from runtime_manager.api.sessions import Origins, grant_for
from runtime_manager.errors import NotStartableError
from runtime_manager.supervisor.view import ProviderView

BASE = "http://127.0.0.1:9880"


class One:
    def __init__(self, view: ProviderView) -> None:
        self._view = view

    def view(self, _code: str) -> ProviderView:
        return self._view


def granted(view: ProviderView, *, base: str = BASE, **request: str) -> tuple[str, Grant]:
    return grant_for(
        SessionRequest.model_validate(request),
        origins=Origins(base),
        providers=cast(Providers, One(view)),
    )


@pytest.fixture
def echo(view: Callable[..., ProviderView]) -> ProviderView:
    return view("echo", namespace="/api/v1/sound")


def test_by_name_a_provider_has_an_origin_of_its_own(echo: ProviderView) -> None:
    origin, grant = granted(echo, **{"for": "echo"})
    assert origin == "http://echo.localhost:9880"
    assert grant == Grant("name:echo", "echo.localhost:9880", "/")


def test_by_path_it_is_below_the_one_origin(echo: ProviderView) -> None:
    origin, grant = granted(echo, **{"for": "echo", "via": "path"})
    assert origin == BASE
    assert grant == Grant("path", "127.0.0.1:9880", "/api/v1/sound/")


def test_the_dashboard_is_on_its_own_name_only(echo: ProviderView) -> None:
    origin, grant = granted(echo, **{"for": "dashboard"})
    assert origin == "http://rtm.localhost:9880"
    assert grant == Grant("dashboard", "rtm.localhost:9880", "/")
    with pytest.raises(BadRequestError):
        granted(echo, **{"for": "dashboard", "via": "path"})


def test_an_invalid_package_cannot_be_opened(view: Callable[..., ProviderView]) -> None:
    with pytest.raises(NotStartableError):
        granted(view(state="invalid"), **{"for": "echo"})


def test_the_default_port_is_left_out_as_browsers_do(echo: ProviderView) -> None:
    assert granted(echo, base="http://127.0.0.1:80", **{"for": "echo"})[1].host == "echo.localhost"


def test_behind_a_proxy_names_are_on_the_daemons_own_port() -> None:
    origins = Origins("https://rtm.example", "http://127.0.0.1:9880")
    assert origins.by_path() == "https://rtm.example"
    assert origins.by_name("echo") == "http://echo.localhost:9880"
