"""One-time codes are used once, in time, on their own host."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from runtime_manager.api.codes import LIFE_S, Grant, OneTimeCodes
from runtime_manager.api.problems import SessionCodeError

HOST = "echo.localhost:9880"
GRANT = Grant("name:echo", HOST, "/")


class HandClock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)


def test_a_code_is_good_once() -> None:
    codes = OneTimeCodes(HandClock())
    code = codes.issue(GRANT)
    assert len(code) >= 43  # 256 bits
    assert codes.redeem(code, host="ECHO.localhost:9880") == GRANT
    with pytest.raises(SessionCodeError):
        codes.redeem(code, host=HOST)


@pytest.mark.parametrize("host", ["rtm.localhost:9880", "echo.localhost", "127.0.0.1:9880", ""])
def test_a_code_shown_on_another_host_is_refused_and_used_up(host: str) -> None:
    codes = OneTimeCodes(HandClock())
    code = codes.issue(GRANT)
    with pytest.raises(SessionCodeError):
        codes.redeem(code, host=host)
    with pytest.raises(SessionCodeError):
        codes.redeem(code, host=HOST)


def test_a_code_is_too_old_after_its_life() -> None:
    clock = HandClock()
    codes = OneTimeCodes(clock)
    old, young = codes.issue(GRANT), codes.issue(GRANT)
    clock.seconds = LIFE_S - 0.001
    assert codes.redeem(young, host=HOST) == GRANT
    clock.seconds = LIFE_S
    with pytest.raises(SessionCodeError):
        codes.redeem(old, host=HOST)


@pytest.mark.parametrize("code", ["", "x", "\ud800", "é" * 80])
def test_a_code_never_given_out_is_refused(code: str) -> None:
    with pytest.raises(SessionCodeError):
        OneTimeCodes(HandClock()).redeem(code, host=HOST)


def test_of_too_many_codes_the_oldest_is_forgotten() -> None:
    codes = OneTimeCodes(HandClock(), at_once=2)
    first, second, third = (codes.issue(GRANT) for _ in range(3))
    assert codes.redeem(second, host=HOST) == codes.redeem(third, host=HOST) == GRANT
    with pytest.raises(SessionCodeError):
        codes.redeem(first, host=HOST)
