"""Signed sessions: good until they expire, and not otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime_manager.gateway.sessions import (
    Reach,
    Scope,
    cookie_name,
    parse_scope,
    read_session,
    sign_session,
)

KEY = b"k" * 32


@pytest.mark.parametrize("scope", ["dashboard", "path", "name:cool", "name:with:colon"])
def test_a_session_reads_back_as_it_was_signed(scope):
    value = sign_session(KEY, scope=scope, expires_at=100)
    assert str(read_session(KEY, value, now=99.9)) == scope
    assert read_session(KEY, value, now=100) is None
    assert read_session(b"other", value, now=0) is None


@pytest.mark.parametrize("scope", ["", "name", "name:", "path:x", "dashboard:", "root"])
def test_other_scopes_are_not_signed(scope):
    assert parse_scope(scope) is None
    with pytest.raises(ValueError, match="scope"):
        sign_session(KEY, scope=scope, expires_at=100)


def test_a_scope_names_its_reach():
    assert parse_scope("name:cool") == Scope(Reach.NAME, "cool")
    assert parse_scope("path") == Scope(Reach.PATH)


def test_the_cookie_belongs_to_one_daemon():
    assert cookie_name("d1") == "rtm_session_d1"


@given(st.text(max_size=80))
def test_what_was_not_signed_is_no_session(value):
    assert read_session(KEY, value, now=0) is None


@given(st.data())
def test_one_changed_character_makes_it_void(data):
    value = sign_session(KEY, scope="name:cool", expires_at=100)
    at = data.draw(st.integers(0, len(value) - 1))
    other = data.draw(st.characters().filter(lambda c: c != value[at]))
    assert read_session(KEY, value[:at] + other + value[at + 1 :], now=0) is None
