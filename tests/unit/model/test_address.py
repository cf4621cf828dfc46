from __future__ import annotations

import pytest

from runtime_manager.errors import SettingsError
from runtime_manager.model.address import is_loopback, parse_address
from runtime_manager.model.settings import load_settings


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:9880", ("127.0.0.1", 9880)),
        ("localhost:0", ("127.0.0.1", 0)),
        ("[::1]:80", ("::1", 80)),
        ("0.0.0.0:65535", ("0.0.0.0", 65535)),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text",
    ["", "80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "a.b:1", "::1:80"],
)
def test_what_is_no_address_is_told_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"such as 127\.0\.0\.1:9880"):
        parse_address(text)


@pytest.mark.parametrize(
    ("host", "is_so"), [("127.0.0.1", True), ("::1", True), ("0.0.0.0", False)]
)
def test_only_loopback_is_loopback(host: str, is_so: bool) -> None:
    assert is_loopback(host) is is_so


def test_a_bad_address_in_the_settings_names_file_line_and_key() -> None:
    with pytest.raises(SettingsError, match=r"config\.yaml:2: listen") as told:
        load_settings(
            text="hosts: [a.example]\nlisten: nonsense\n", file="config.yaml", environ={}, flags={}
        )
    assert "127.0.0.1:9880" in str(told.value)
