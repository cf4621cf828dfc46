from __future__ import annotations

import pytest

from runtime_manager.lifecycle.table import Event
from runtime_manager.lifecycle.verdict import of_notification, of_probe


def test_a_probe_is_the_event_of_its_outcome() -> None:
    assert of_probe(passed=True) is Event.PROBE_PASSED
    assert of_probe(passed=False) is Event.PROBE_FAILED


@pytest.mark.parametrize(
    ("fields", "event"),
    [
        ({"READY=1"}, Event.PROBE_PASSED),
        ({"READY=1", "STATUS=serving"}, Event.PROBE_PASSED),
        ({"STATUS=loading"}, None),
        ({"READY=0"}, None),
        (set(), None),
    ],
)
def test_only_ready_says_ready(fields: set[str], event: Event | None) -> None:
    assert of_notification(frozenset(fields)) is event
