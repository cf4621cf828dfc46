import json
from collections.abc import Mapping
from dataclasses import asdict

import pytest

from runtime_manager.errors import SettingsError
from runtime_manager.gateway.limits import GatewayLimits
from runtime_manager.model.parts import Start
from runtime_manager.model.settings import Settings, load_settings, settings_schema


def read(
    text: str | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> Settings:
    return load_settings(text=text, file="config.yaml", environ=environ or {}, flags=flags or {})


def refused(
    text: str | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        read(text, environ, flags)
    return caught.value


@pytest.mark.parametrize("text", [None, "", "# nothing\n", "gateway:\n", "x-mine: 1"])
def test_without_a_word_everything_has_its_default(text: str | None) -> None:
    settings = read(text)
    assert settings == Settings()
    assert settings.listen == "127.0.0.1:9880"
    assert settings.stop_timeout_s == 30.0
    assert (settings.log.level, settings.log.format) == ("info", "auto")
    assert (settings.logs.max_bytes, settings.logs.files) == (10 * 1024**2, 5)
    assert settings.logs.ring_lines == 2000


def test_the_gateway_s_settings_are_the_engine_s_limits() -> None:
    assert asdict(GatewayLimits(**Settings().gateway.model_dump())) == asdict(GatewayLimits())


def test_flags_beat_variables_which_beat_the_file() -> None:
    text = "log: {level: debug, format: json}\nlisten: 127.0.0.1:1\nhosts: [a]\n"
    environ = {"RTM_LOG_LEVEL": "warning", "RTM_LISTEN": "127.0.0.1:2"}
    settings = read(text, environ, {"listen": "127.0.0.1:3"})
    assert (settings.listen, settings.log.level) == ("127.0.0.1:3", "warning")
    assert (settings.log.format, settings.hosts) == ("json", ("a",))


def test_spans_and_sizes_are_read_as_people_write_them() -> None:
    settings = read("gateway: {wait: 5s, head_limit: 64KiB, body_limit: 1GiB}\nstop_timeout: 1m")
    assert settings.gateway.wait_s == 5.0
    assert settings.gateway.head_limit_bytes == 65536
    assert settings.gateway.body_limit_bytes == 2**30
    assert settings.stop_timeout_s == 60.0


def test_providers_can_be_overridden_by_code() -> None:
    text = (
        "providers:\n  cool:\n    env: {A: 1.10}\n    start: manual\n    health: {interval: 1s}\n"
    )
    override = read(text).providers["cool"]
    assert override.env == {"A": "1.10"}
    assert override.start is Start.MANUAL
    assert override.health is not None
    assert override.health.model_fields_set == {"interval_s"}
    assert override.limits is None


def test_an_unknown_key_is_told_with_file_line_and_the_nearest_one() -> None:
    error = refused("log:\n  levle: debug\n")
    assert error.message == "config.yaml:2: log.levle: there is no such key"
    assert error.hint == "did you mean `level`?"
    assert error.facts["line"] == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lisen: x", "config.yaml:1: lisen: there is no such key"),
        ("\nproviders:\n  a:\n    helth: 1", "config.yaml:4: providers.a.helth: there is no such"),
        ("providers: {a: {env: {A-B: x}}}", "config.yaml:1: providers.a.env: `A-B` cannot be"),
        ("log: {level: loud}", "config.yaml:1: log.level: expected 'debug', 'info'"),
        ("gateway: {wait: soon}", "config.yaml:1: gateway.wait: expected a duration"),
        ("- a", "config.yaml:1: expected keys and values"),
        ("a: 1\na: 2", "config.yaml:2: the key `a` is here twice"),
    ],
)
def test_what_is_wrong_in_the_file_is_told_with_its_line(text: str, message: str) -> None:
    assert refused(text).message.startswith(message)


def test_a_wrong_variable_is_told_by_its_name() -> None:
    error = refused("listen: []", {"RTM_STOP_TIMEOUT": "soon"})
    assert error.message.startswith("RTM_STOP_TIMEOUT: expected a duration")
    assert error.facts["key"] == "stop_timeout"


def test_a_wrong_flag_is_told_by_its_name() -> None:
    error = refused(None, None, {"log.level": "loud"})
    assert error.message.startswith("--log-level: expected 'debug'")
    assert refused(None, None, {"hosts": [1]}).message.startswith("--hosts: expected a text")


def test_the_file_s_own_error_is_told_where_the_variables_are_right() -> None:
    error = refused("log: 3", {"RTM_LOG_LEVEL": "debug"})
    assert error.message == "config.yaml:1: log: expected keys and values, not a number"


def test_what_was_read_can_be_written_and_read_again() -> None:
    settings = read("gateway: {wait: 5s}\nproviders: {a: {health: {expect: 200}, limits: {}}}")
    dumped = json.dumps(settings.model_dump(mode="json", by_alias=True, exclude_none=True))
    assert read(dumped) == settings


def test_the_schema_describes_every_key() -> None:
    schema = settings_schema()
    assert schema["$schema"].endswith("2020-12/schema")
    blocks = [schema, *schema["$defs"].values()]
    fields = [f for block in blocks for f in block.get("properties", {}).values()]
    assert all(field.get("description") for field in fields)
    assert "wait" in schema["$defs"]["GatewaySettings"]["properties"]
