from __future__ import annotations

import os
from pathlib import Path

import pytest

from runtime_manager.cli.connect import home_root, runtime_json_path
from runtime_manager.client.targets import provider_target
from runtime_manager.model.home import Home

SYSTEMD = {
    "STATE_DIRECTORY": "/var/lib/rtm:/var/lib/other",
    "RUNTIME_DIRECTORY": "/run/rtm:/run/other",
    "LOGS_DIRECTORY": "/var/log/rtm",
    "CONFIGURATION_DIRECTORY": "/etc/rtm",
}


@pytest.mark.parametrize(
    "flag", [None, "", "/srv/home", "relative/../home", "~/home", "~", "~x", "./", "/"]
)
@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"CORE_HOME": ""},
        {"CORE_HOME": "/srv/core"},
        {"CORE_HOME": "~/core"},
        SYSTEMD,
        {"RUNTIME_DIRECTORY": "/run/rtm"},
        {"STATE_DIRECTORY": "/var/lib/rtm"},
        {**SYSTEMD, "CORE_HOME": "/srv/core"},
    ],
)
def test_the_daemon_is_looked_for_where_it_says_where_it_is(
    flag: str | None, environ: dict[str, str]
) -> None:
    environ = {**environ, "HOME": os.environ["HOME"]}
    assert Path(runtime_json_path(flag, environ)) == Home.locate(flag, environ).runtime_json
    assert Path(home_root(flag, environ)) == Home.locate(flag, environ).root


def test_a_code_is_quoted_into_its_address() -> None:
    assert provider_target("a/../b c?", "start") == "/api/v1/providers/a%2F..%2Fb%20c%3F/start"
    assert provider_target("cool") == "/api/v1/providers/cool"
