from __future__ import annotations

import pytest

from runtime_manager.cli.diagnosis import advice, is_well, sentence


def provider(state: str, kind: str = "", **more: object) -> dict[str, object]:
    cause = {"kind": kind, "message": f"{kind}!", "hint": f"mend {kind}"} if kind else None
    return {"code": "cool", "state": state, "cause": cause, **more}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (provider("ready"), True),
        (provider("stopped", "asked"), True),
        (provider("stopped", "on-demand"), True),
        (provider("stopped", "waiting"), False),
        (provider("failed", "exited"), False),
        (provider("starting"), False),
        (provider("ready", manifest_error="line 2"), False),
    ],
)
def test_well_is_what_somebody_wanted(given: dict[str, object], *, expected: bool) -> None:
    assert is_well(given) is expected


@pytest.mark.parametrize(
    ("state", "then"),
    [
        ("failed", "rtm start cool tries again, once it is mended"),
        ("backoff", "rtm start cool tries again at once"),
        ("unhealthy", "rtm restart cool does not wait for that"),
    ],
)
def test_the_causes_own_hint_comes_first(state: str, then: str) -> None:
    assert advice(provider(state, "exited"), []) == ["mend exited", then]


def test_what_it_waits_for_is_to_be_asked_next() -> None:
    needs = [{"code": "db", "state": "failed"}, {"code": "echo", "state": "ready"}]
    assert advice(provider("stopped", "waiting"), needs) == ["mend waiting", "rtm why db"]


def test_the_hint_of_a_warning_is_told_once() -> None:
    warnings = [{"kind": "x", "message": "x!", "hint": "bind 127.0.0.1"}] * 2
    assert advice(provider("ready", warnings=warnings), []) == ["bind 127.0.0.1"]


def test_a_broken_edit_is_told_beside_what_runs() -> None:
    edited = provider("ready", manifest_error="manifest.yaml:2: namme")
    assert sentence(edited) == "it goes on as it was before the manifest was edited"
    assert "mend the manifest" in advice(edited, [])[0]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (provider("failed", "exited"), "exited!"),
        (provider("invalid", "invalid-manifest"), "its manifest cannot be used"),
        (provider("ready"), "nothing is wrong: it is ready"),
        (
            provider("ready", warnings=[{"kind": "exposed", "message": "m", "hint": "h"}]),
            "it is ready, with something to be minded",
        ),
        (provider("unheard-of"), "no cause is known"),
    ],
)
def test_every_state_has_its_sentence(given: dict[str, object], words: str) -> None:
    assert sentence(given) == words
