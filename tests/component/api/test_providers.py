"""The providers over HTTP: listed, looked at, started and stopped."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp.test_utils import TestClient

Client = TestClient[Any, Any]
PROVIDERS = "/api/v1/providers"


async def test_the_list_has_every_provider_by_code(client: Client) -> None:
    response = await client.get(PROVIDERS)
    assert response.status == 200
    assert response.content_type == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    providers = (await response.json())["providers"]
    assert [(p["code"], p["status"]) for p in providers] == [
        ("broken", "failed"),
        ("echo", "active"),
        ("odd", "invalid"),
    ]


async def test_the_list_tells_what_those_with_a_process_use(
    client: Client, supervisor: Any
) -> None:
    broken, echo, _ = (await (await client.get(PROVIDERS)).json())["providers"]
    assert broken["usage"] is None
    assert echo["usage"] == {
        "processes": 2,
        "rss_bytes": 1 << 20,
        "cpu_seconds": 0.5,
        "threads": 3,
        "memory_bytes": None,
        "memory_pressure": 1.5,
        "cpu_pressure": None,
        "io_pressure": None,
    }
    assert supervisor.measured == 1


async def test_the_list_measures_nothing_when_told_not_to(client: Client, supervisor: Any) -> None:
    response = await client.get(f"{PROVIDERS}?usage=0")
    assert all(p["usage"] is None for p in (await response.json())["providers"])
    assert supervisor.measured == 0


async def test_one_provider_is_told_with_the_reason_for_its_state(client: Client) -> None:
    told = await (await client.get(f"{PROVIDERS}/broken")).json()
    assert told["cause"]["message"] == "exit code 3 before it was ready"
    assert (told["last_exit"], told["stderr_tail"]) == ("exit code 3", ["Traceback", "boom"])
    assert told["folder"] == "/providers/broken"


async def test_an_unknown_code_is_a_problem_with_a_hint(client: Client) -> None:
    for method, path in (
        ("GET", "ecko"),
        ("GET", "ecko/logs"),
        ("POST", "ecko/start"),
        ("POST", "ecko/stop"),
    ):
        response = await client.request(method, f"{PROVIDERS}/{path}")
        assert response.status == 404
        assert response.content_type == "application/problem+json"
        problem = await response.json()
        assert (problem["code"], problem["hint"]) == ("unknown-code", "did you mean echo?")


@pytest.mark.parametrize("deed", ["start", "stop", "restart"])
async def test_a_deed_is_asked_for_and_answered_at_once(
    client: Client, supervisor: Any, deed: str
) -> None:
    response = await client.post(f"{PROVIDERS}/echo/{deed}")
    assert response.status == 202
    assert (await response.json())["code"] == "echo"
    assert supervisor.asked == [(deed, "echo")]


async def test_a_start_that_is_waited_for_answers_with_the_provider_ready(
    client: Client, supervisor: Any
) -> None:
    supervisor.outcomes["start"] = [
        {"state": "starting", "generation": 2},
        {"state": "ready", "generation": 2},
    ]
    response = await client.post(f"{PROVIDERS}/broken/start?wait=5s")
    assert response.status == 200
    told = await response.json()
    assert (told["state"], told["generation"]) == ("ready", 2)


async def test_a_start_that_ends_in_failure_is_a_conflict_with_the_cause(
    client: Client, supervisor: Any
) -> None:
    supervisor.outcomes["start"] = [
        {"state": "starting", "generation": 2},
        {"state": "failed", "generation": 2},
    ]
    response = await client.post(f"{PROVIDERS}/broken/start?wait=5s")
    assert response.status == 409
    problem = await response.json()
    assert problem["code"] == "ended"
    assert "exit code 3 before it was ready" in problem["detail"]
    assert problem["hint"] == "rtm logs broken"


async def test_a_restart_that_is_waited_for_is_ready_in_a_new_generation(
    client: Client, supervisor: Any
) -> None:
    supervisor.outcomes["restart"] = [
        {"state": "stopping"},
        {"state": "starting", "generation": 2},
        {"state": "ready", "generation": 2},
    ]
    response = await client.post(f"{PROVIDERS}/echo/restart?wait=5s")
    assert (await response.json())["generation"] == 2


async def test_a_stop_that_is_waited_for_is_stopped(client: Client, supervisor: Any) -> None:
    supervisor.outcomes["stop"] = [
        {"state": "stopping", "wanted": "down"},
        {"state": "stopped", "wanted": "down"},
    ]
    response = await client.post(f"{PROVIDERS}/echo/stop?wait=5s")
    assert (await response.json())["state"] == "stopped"


async def test_a_wait_that_takes_too_long_is_a_gateway_timeout(client: Client) -> None:
    response = await client.post(f"{PROVIDERS}/echo/stop?wait=10ms")
    assert response.status == 504
    assert (await response.json())["code"] == "wait-timeout"


async def test_an_invalid_package_cannot_be_started(client: Client) -> None:
    response = await client.post(f"{PROVIDERS}/odd/start?wait=1s")
    assert response.status == 409
    assert (await response.json())["code"] == "not-startable"


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("?usage=perhaps", "usage"),
        ("?page=2", "page"),
        ("?usage=0&usage=1", "twice"),
        ("/echo?tail=1", "tail"),
        ("/echo/logs?tail=-1", "tail"),
        ("/echo/logs?stream=stdin", "stream"),
    ],
)
async def test_unknown_parameters_and_bad_values_are_refused(
    client: Client, path: str, word: str
) -> None:
    response = await client.get(PROVIDERS + path)
    assert response.status == 400
    problem = await response.json()
    assert problem["code"] == "bad-request"
    assert word in problem["detail"]


@pytest.mark.parametrize("wait", ["soon", "-1s", "2h", ""])
async def test_a_wait_that_is_no_duration_of_an_hour_at_most_is_refused(
    client: Client, supervisor: Any, wait: str
) -> None:
    response = await client.post(f"{PROVIDERS}/echo/start", params={"wait": wait})
    assert response.status == 400
    assert supervisor.asked == []


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"],
)
@pytest.mark.parametrize("body", [b"", b"{}"])
async def test_what_a_form_can_send_changes_nothing(
    client: Client, supervisor: Any, content_type: str, body: bytes
) -> None:
    response = await client.post(
        f"{PROVIDERS}/echo/stop", data=body, headers={"Content-Type": content_type}
    )
    assert response.status == 415
    assert (await response.json())["code"] == "json-needed"
    assert supervisor.asked == []


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"argv": ["sh"]}', b"\xff"])
async def test_a_body_that_a_deed_does_not_take_is_refused(
    client: Client, supervisor: Any, body: bytes
) -> None:
    response = await client.post(
        f"{PROVIDERS}/echo/start", data=body, headers={"Content-Type": "application/json"}
    )
    assert response.status == 400
    assert supervisor.asked == []


async def test_a_body_that_is_too_large_is_refused(client: Client) -> None:
    response = await client.post(f"{PROVIDERS}/echo/start", json={"x": "y" * 70000})
    assert response.status == 413
    assert (await response.json())["code"] == "body-too-large"


async def test_an_unknown_address_and_an_unknown_verb_are_problems_too(client: Client) -> None:
    response = await client.get("/api/v1/nothing")
    assert (response.status, (await response.json())["code"]) == (404, "not-found")
    for deed in ("kill", "exec", "logs"):
        assert (await client.post(f"{PROVIDERS}/echo/{deed}")).status in (404, 405)
    response = await client.delete(f"{PROVIDERS}/echo")
    assert response.status == 405
    assert response.headers["Allow"] == "GET,HEAD"
    assert (await response.json())["code"] == "method-not-allowed"


async def test_a_fault_of_ours_is_told_without_its_text(
    client: Client, supervisor: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    supervisor.broken = ZeroDivisionError("secret of the daemon")
    response = await client.get(PROVIDERS)
    assert response.status == 500
    text = await response.text()
    assert "internal-error" in text
    assert "secret" not in text
    assert capsys.readouterr().out.count("api.failed") == 1
