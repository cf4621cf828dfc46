"""Each error has one status, from one table."""

from __future__ import annotations

import json

import pytest

from runtime_manager.api import problems
from runtime_manager.api.problems import STATUSES, problem, status_of
from runtime_manager.errors import (
    ManifestError,
    RegistryError,
    RuntimeManagerError,
    SpawnError,
    UnknownCodeError,
    WaitTimeoutError,
)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UnknownCodeError, 404),
        (WaitTimeoutError, 504),
        (ManifestError, 400),
        (RegistryError, 500),
        (SpawnError, 500),
        (problems.BadRequestError, 400),
        (problems.BodyTypeError, 415),
        (problems.EndedError, 409),
        (problems.SessionCodeError, 403),
    ],
)
def test_an_error_has_the_status_of_the_nearest_class_in_the_table(
    error: type[RuntimeManagerError], status: int
) -> None:
    assert status_of(error) == status


def test_every_status_is_an_error_status() -> None:
    assert all(400 <= status < 600 for status in STATUSES.values())


def test_a_problem_has_the_members_of_rfc_9457_and_ours() -> None:
    response = problem(404, code="unknown-code", detail="no such", hint="look")
    assert response.content_type == "application/problem+json"
    assert json.loads(response.text or "") == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "no such",
        "code": "unknown-code",
        "hint": "look",
    }
