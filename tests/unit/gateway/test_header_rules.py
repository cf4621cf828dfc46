"""What happens to each header name."""

from __future__ import annotations

import pytest

from runtime_manager.gateway.header_rules import (
    DROP,
    PASS,
    NameRules,
    Rule,
    only_trailers,
    request_rule,
    response_rule,
)


@pytest.mark.parametrize(
    "name", [b"Accept", b"X-Custom", b"traceparent", b"Range", b"x_custom", b"Sec-WebSocket-Key"]
)
def test_most_names_pass(name):
    assert request_rule(name) is PASS


@pytest.mark.parametrize(
    "name",
    [
        b"Keep-Alive",
        b"proxy-connection",
        b"Proxy-Authorization",
        b"Forwarded",
        b"X-Forwarded-For",
        b"X-FORWARDED-anything",
        b"X-Real-IP",
        b"HTTP2-Settings",
        b"X-RTM-Other",
        b"X_Forwarded_For",
        b"X.Forwarded.Host",
        b"x_real_ip",
        b"Content_Length",
        b"Transfer_Encoding",
        b"X_RTM_Token",
        b"X_Request_Id",
        b"Keep_Alive",
        b"Sec_Fetch_Site",
    ],
)
def test_names_that_never_pass(name):
    assert request_rule(name) is DROP


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        (b"HOST", Rule(passes=False, key=b"host")),
        (b"Cookie", Rule(passes=False, key=b"cookie")),
        (b"Origin", Rule(passes=True, key=b"origin")),
        (b"X-RTM-Token", Rule(passes=False, key=b"x-rtm-token")),
    ],
)
def test_names_that_are_remembered(name, rule):
    assert request_rule(name) == rule


def test_answers_lose_what_is_for_one_hop():
    assert response_rule(b"Keep-Alive") is DROP
    assert response_rule(b"Cache-Control") is PASS
    assert response_rule(b"Set-Cookie") == Rule(passes=False, key=b"set-cookie")
    assert response_rule(b"LOCATION") == Rule(passes=False, key=b"location")
    assert response_rule(b"X-Request-ID") == Rule(passes=True, key=b"x-request-id")


def test_spellings_are_learned_up_to_a_bound():
    rules = NameRules(request_rule)
    for number in range(5000):
        assert rules[b"X-%d" % number] is PASS
    assert len(rules) < 5000


def test_trailers_carry_no_content_nor_credentials():
    parts = [b"X-T", b": ", b"1", b"\r\n", b"Content-Type", b": ", b"x", b"\r\n"]
    assert only_trailers([*parts, b"set-cookie", b": ", b"a", b"\r\n"]) == parts[:4]
