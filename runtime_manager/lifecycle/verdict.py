"""What a probe's outcome means for an instance. Pure.

A provider says that it can serve in one of two ways: its health probe passes, or it sends READY=1
(sd_notify(3)). Both are the event `probe_passed`. While it starts, a failed probe means nothing
yet: only its deadline does.
"""

from __future__ import annotations

from runtime_manager.lifecycle.table import Event


def of_probe(*, passed: bool) -> Event:
    """The event a probe's outcome is."""
    return Event.PROBE_PASSED if passed else Event.PROBE_FAILED


def of_notification(fields: frozenset[str]) -> Event | None:
    """The event a notification is, None where it says nothing about readiness."""
    return Event.PROBE_PASSED if "READY=1" in fields else None
