from __future__ import annotations

import os
from pathlib import Path

import pytest

from runtime_manager.daemon.credential import Credential, given_token
from runtime_manager.errors import SettingsError

TOKEN = "0123456789abcdef"


def test_the_token_of_a_service_is_its_credential(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN + "\n")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    found = Credential(TOKEN, tmp_path / "token")
    assert given_token(environ) == found
    assert given_token({**environ, "SYSTEMD_EXEC_PID": str(os.getpid())}) == found


def test_the_credential_of_a_service_that_started_us_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    assert given_token({"CREDENTIALS_DIRECTORY": str(tmp_path), "SYSTEMD_EXEC_PID": "1"}) is None


def test_without_a_credential_there_is_none(tmp_path: Path) -> None:
    assert given_token({}) is None
    assert given_token({"CREDENTIALS_DIRECTORY": str(tmp_path)}) is None


@pytest.mark.parametrize("text", ["", "short", "two words that are long enough", "ümlaut" * 5])
def test_a_credential_that_is_no_token_is_a_setting_to_mend(tmp_path: Path, text: str) -> None:
    (tmp_path / "token").write_text(text)
    with pytest.raises(SettingsError, match="credential"):
        given_token({"CREDENTIALS_DIRECTORY": str(tmp_path)})
