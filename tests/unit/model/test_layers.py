import pytest

from runtime_manager.errors import SettingsError
from runtime_manager.model.layers import Given, of_flags, of_variables, overlaid, variable_of
from runtime_manager.model.settings import Settings


def test_a_variable_is_named_after_its_key() -> None:
    assert variable_of("log.level") == "RTM_LOG_LEVEL"


def test_variables_are_read_by_key_with_their_type() -> None:
    environ = {
        "RTM_LISTEN": "127.0.0.1:0",
        "RTM_HOSTS": "a.example, b.example,",
        "RTM_LOGS_FILES": "2",
        "RTM_GATEWAY_WAIT": "5s",
        "RTM_LOG_LEVEL": "",
        "RTM_INSTANCE": "x/y/1",
        "PATH": "/bin",
    }
    given = of_variables(environ, Settings)
    assert {key: one.value for key, one in given.items()} == {
        "listen": "127.0.0.1:0",
        "hosts": ["a.example", "b.example"],
        "logs.files": 2,
        "gateway.wait": "5s",
    }
    assert given["gateway.wait"].source == "RTM_GATEWAY_WAIT"


def test_a_variable_that_is_nearly_ours_is_an_error() -> None:
    with pytest.raises(SettingsError) as caught:
        of_variables({"RTM_LISTN": "x"}, Settings)
    assert caught.value.hint == "did you mean RTM_LISTEN?"


def test_providers_have_no_variable() -> None:
    assert of_variables({"RTM_PROVIDERS": "x"}, Settings) == {}


def test_a_flag_is_called_as_it_is_typed() -> None:
    assert of_flags({"log.level": "debug"}) == {"log.level": Given("debug", "--log-level")}
    assert of_flags({"public_url": "x"})["public_url"].source == "--public-url"


def test_values_are_laid_over_without_changing_what_was_there() -> None:
    data = {"log": {"format": "json", "level": "info"}, "listen": "a"}
    result = overlaid(data, of_flags({"log.level": "debug", "gateway.wait": 1, "listen": "b"}))
    assert result == {
        "log": {"format": "json", "level": "debug"},
        "listen": "b",
        "gateway": {"wait": 1},
    }
    assert data == {"log": {"format": "json", "level": "info"}, "listen": "a"}


def test_what_is_no_block_is_left_to_be_complained_of() -> None:
    assert overlaid({"log": 3}, of_flags({"log.level": "debug"})) == {"log": 3}
