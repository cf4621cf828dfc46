from typing import Any

import pytest

from runtime_manager.model.settings import Settings
from runtime_manager.model.settings_change import SettingChange, in_force, setting_changes

OLD = Settings()


def settings(**given: Any) -> Settings:
    return Settings.model_validate(given, by_name=False, by_alias=True)


@pytest.mark.parametrize(
    ("given", "changes"),
    [
        ({}, []),
        ({"listen": "127.0.0.1:1"}, [("listen", False)]),
        ({"logs": {"files": 2}}, [("logs.files", False)]),
        (
            {"log": {"level": "debug", "format": "json"}},
            [("log.level", True), ("log.format", False)],
        ),
        (
            {"gateway": {"wait": "1s", "head_limit": "9KiB"}},
            [("gateway.wait", True), ("gateway.head_limit", True)],
        ),
        ({"hosts": ["a.example"], "stop_timeout": "9s"}, [("hosts", True), ("stop_timeout", True)]),
        ({"providers": {"x": {"start": "manual"}}}, [("providers", True)]),
    ],
)
def test_each_changed_key_says_whether_it_is_in_force(
    given: dict[str, Any], changes: list[tuple[str, bool]]
) -> None:
    assert setting_changes(OLD, settings(**given)) == tuple(SettingChange(*one) for one in changes)


def test_what_needs_a_restart_stays_as_it_was_and_is_told_again() -> None:
    new = settings(
        listen="127.0.0.1:1", log={"level": "debug", "format": "json"}, hosts=["a.example"]
    )
    now = in_force(OLD, new)
    assert (now.listen, now.log.format) == (OLD.listen, OLD.log.format)
    assert (now.log.level, now.hosts) == ("debug", ("a.example",))
    assert [one.key for one in setting_changes(now, new)] == ["listen", "log.format"]
