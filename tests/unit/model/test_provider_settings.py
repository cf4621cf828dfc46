from collections.abc import Callable

import pytest

from runtime_manager.errors import ManifestError, SettingsError
from runtime_manager.model.manifest import Manifest
from runtime_manager.model.provider_settings import (
    Setting,
    SettingType,
    checked,
    fitting,
    in_effect,
    missing,
    variable,
)

Parse = Callable[[str], Manifest]

SETTINGS = """
settings:
  url: {required: true, description: where it asks}
  token: {required: true, secret: true}
  depth: {type: integer, default: 08}
  ratio: {type: number, default: 0.5}
  fast: {type: flag, default: yes}
  note: {}
"""


@pytest.fixture
def settings(parse: Parse) -> dict[str, Setting]:
    return dict(parse(SETTINGS).settings)


def test_defaults_are_texts(settings: dict[str, Setting]) -> None:
    assert settings["depth"].default == "08"
    assert in_effect(settings, {}) == {"depth": "8", "ratio": "0.5", "fast": "true"}


def test_values_come_before_defaults_and_secrets_are_left_out(
    settings: dict[str, Setting],
) -> None:
    values = {"depth": "3", "token": "hush", "gone": "x"}
    assert in_effect(settings, values)["depth"] == "3"
    assert "token" not in in_effect(settings, values)
    assert "gone" not in in_effect(settings, values)


def test_a_value_that_no_longer_fits_is_left_out(settings: dict[str, Setting]) -> None:
    assert "depth" not in in_effect(settings, {"depth": "deep"})


def test_required_ones_without_value_are_missing(settings: dict[str, Setting]) -> None:
    assert missing(settings, ()) == ["url", "token"]
    assert missing(settings, {"url", "token"}) == []
    assert missing({"a": Setting(required=True, default="x")}, ()) == []


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (SettingType.TEXT, " as it is ", " as it is "),
        (SettingType.INTEGER, " -07", "-7"),
        (SettingType.NUMBER, "1e3", "1e3"),
        (SettingType.NUMBER, " 1.5 ", "1.5"),
        (SettingType.FLAG, "ON", "true"),
        (SettingType.FLAG, "no", "false"),
    ],
)
def test_what_fits_is_given_in_one_form(kind: SettingType, text: str, value: str) -> None:
    assert fitting(Setting(type=kind), text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (SettingType.TEXT, "a\0b"),
        (SettingType.INTEGER, "1.0"),
        (SettingType.INTEGER, ""),
        (SettingType.INTEGER, "9" * 19),
        (SettingType.NUMBER, "inf"),
        (SettingType.NUMBER, "1_0"),
        (SettingType.NUMBER, "much"),
        (SettingType.FLAG, "maybe"),
    ],
)
def test_what_does_not_fit_is_told_without_its_value(kind: SettingType, text: str) -> None:
    with pytest.raises(SettingsError, match="the setting `a`: expected") as caught:
        checked({"a": Setting(type=kind)}, {"a": text})
    assert not text or text not in str(caught.value)


def test_values_that_fit_are_taken(settings: dict[str, Setting]) -> None:
    assert checked(settings, {"url": "x", "fast": "off"}) == {"url": "x", "fast": "false"}


def test_a_setting_that_is_not_there_is_told_with_the_nearest(
    settings: dict[str, Setting],
) -> None:
    with pytest.raises(SettingsError, match="no setting `dept`") as caught:
        checked(settings, {"dept": "3"})
    assert caught.value.hint == "did you mean `depth`?"
    with pytest.raises(SettingsError) as caught:
        checked({}, {"dept": "3"})
    assert caught.value.hint == "there are: none"


def test_the_program_finds_it_by_its_name() -> None:
    assert variable("api_url") == "PROVIDER_SETTING_API_URL"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("settings: {Url: {}}", "is no name"),
        ("settings: {a: {type: list}}", "settings.a.type"),
        ("settings: {a: {type: integer, default: x}}", "a whole number"),
        ("settings: {a: {secret: true, default: x}}", "a secret has no default"),
        ("settings: {a: {default: 1.10}}", "expected a text, not a number"),
        ("settings: {a: {sercet: true}}", "sercet"),
    ],
)
def test_a_manifest_whose_settings_are_wrong_is_told(
    text: str, complaint: str, parse: Parse
) -> None:
    with pytest.raises(ManifestError, match=complaint):
        parse(text)
