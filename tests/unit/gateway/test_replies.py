"""Answers of our own: problems, redirects, preflights."""

from __future__ import annotations

import json

import h11
import pytest

from runtime_manager.gateway import problems
from runtime_manager.gateway.cors import is_preflight, preflight
from runtime_manager.gateway.problems import Problem, not_open
from runtime_manager.gateway.reply import redirect

ALL = [value for value in vars(problems).values() if isinstance(value, Problem)]


def parse(message: bytes, *, method: bytes = b"GET"):
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method=method, target="/", headers=[("Host", "h")]))
    client.send(h11.EndOfMessage())
    client.receive_data(message)
    response, body = client.next_event(), b""
    while isinstance(event := client.next_event(), h11.Data):
        body += bytes(event.data)
    assert isinstance(event, h11.EndOfMessage)
    return response, body


@pytest.mark.parametrize("problem", ALL, ids=lambda problem: problem.code)
def test_each_problem_is_an_answer_a_strict_parser_takes(problem):
    response, body = parse(problem.reply().message(b"X: y\r\n", is_head=False))
    assert response.status_code == problem.status
    assert json.loads(body)["code"] == problem.code
    assert set(json.loads(body)) == {"type", "title", "status", "detail", "code", "hint"}


def test_codes_are_unique():
    assert len({problem.code for problem in ALL}) == len(ALL)


def test_to_head_a_problem_has_no_body():
    message = problems.NO_ROUTE.reply().message(b"", is_head=True)
    assert parse(message, method=b"HEAD")[1] == b""


def test_a_closed_route_tells_its_cause_and_when_to_come_back():
    problem = not_open("exit code 3", retry_after_s=0)
    assert (problem.status, problem.detail) == (503, "exit code 3")
    assert problem.headers == ((b"Retry-After", b"1"),)
    assert not_open("", retry_after_s=1).detail


def test_a_redirect_keeps_the_method_and_is_not_remembered():
    response, _ = parse(redirect(b"/ns/").message(b"", is_head=False))
    headers = dict(response.headers)
    assert (response.status_code, headers[b"location"]) == (308, b"/ns/")
    assert headers[b"cache-control"] == b"no-store"


def test_a_preflight_is_told_by_its_method_and_header():
    asked = {b"access-control-request-method": b"PUT"}
    assert is_preflight(b"OPTIONS", asked)
    assert not is_preflight(b"GET", asked)
    assert not is_preflight(b"OPTIONS", {})


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [(b"x-a, X-B", b"x-a, X-B"), (b"", None), (b"x-a\x0b", None), (b"a b", None), (b"a,,b", None)],
)
def test_a_preflight_allows_plain_header_names(asked, allowed):
    response, body = parse(
        preflight({b"access-control-request-headers": asked}).message(b"", is_head=False)
    )
    headers = dict(response.headers)
    assert (response.status_code, body) == (204, b"")
    assert headers.get(b"access-control-allow-headers") == allowed
    assert b"content-length" not in headers
