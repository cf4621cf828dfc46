from __future__ import annotations

import pytest

from runtime_manager.conformance.answers import Answer
from runtime_manager.conformance.landing import Ground, LostError, land

GROUND = Ground("http://127.0.0.1:9880", ("/api/v1/cool", "/assets/cool"))


def sent_to(location: str, status: int = 302) -> Answer:
    return Answer(status, {"location": location}, b"")


def test_redirects_are_followed_below_the_prefix() -> None:
    answers = {
        "/api/v1/cool/": sent_to("login?x=1"),
        "/api/v1/cool/login?x=1": sent_to("/api/v1/cool/end", 308),
        "/api/v1/cool/end": Answer(200, {}, b"here"),
    }
    landing = land("/api/v1/cool/", ground=GROUND, fetch=answers.__getitem__)
    assert (landing.url, landing.answer.body, landing.hops) == (
        "http://127.0.0.1:9880/api/v1/cool/end",
        b"here",
        2,
    )


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("/login", "leads to /login, out of /api/v1/cool/"),
        ("../other/", "out of /api/v1/cool/"),
        ("http://127.0.0.1:40001/", "around the gateway, to 127.0.0.1:40001"),
        ("http://localhost:3000/x", "around the gateway"),
    ],
)
def test_a_redirect_out_of_the_prefix_is_lost(location: str, words: str) -> None:
    with pytest.raises(LostError, match=words):
        land("/api/v1/cool/", ground=GROUND, fetch=lambda _: sent_to(location))


def test_a_redirect_to_another_machine_is_where_it_ends() -> None:
    away = sent_to("https://login.example.org/")
    assert land("/api/v1/cool/", ground=GROUND, fetch=lambda _: away).answer is away


def test_a_circle_of_redirects_is_lost() -> None:
    with pytest.raises(LostError, match="more than 5 redirects"):
        land("/api/v1/cool/", ground=GROUND, fetch=lambda _: sent_to("x"))


def test_a_redirect_without_location_is_an_answer() -> None:
    answer = Answer(302, {}, b"")
    assert land("/api/v1/cool/", ground=GROUND, fetch=lambda _: answer).hops == 0
