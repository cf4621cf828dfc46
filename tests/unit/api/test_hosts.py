"""The dashboard's origin is known by its name."""

from __future__ import annotations

import pytest

from runtime_manager.api.hosts import is_dashboard


@pytest.mark.parametrize("host", ["rtm.localhost", "rtm.localhost:9880", "RTM.LocalHost:1"])
def test_its_name_is_the_dashboard(host: str) -> None:
    assert is_dashboard(host)


@pytest.mark.parametrize(
    "host",
    [None, "", "localhost", "127.0.0.1:9880", "echo.localhost", "rtm.localhost.evil", "\xff"],
)
def test_any_other_is_not(host: str | None) -> None:
    assert not is_dashboard(host)
