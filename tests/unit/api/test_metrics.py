"""The figures are in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from runtime_manager.api.metrics import exposition
from runtime_manager.gateway.flow import Traffic
from runtime_manager.supervisor.view import ProviderView

STARTED = datetime.fromtimestamp(1700000000, UTC)


def test_each_family_has_help_type_and_samples(view: Callable[..., ProviderView]) -> None:
    text = exposition(
        [view("a", restarts=2, generation=3, traffic=Traffic(4, 50)), view("b", state="failed")],
        version='1"\\\n',
        started_at=STARTED,
        tasks=9,
    )
    lines = text.splitlines()
    assert text.endswith("\n")
    assert 'rtm_info{version="1\\"\\\\\\n"} 1' in lines
    assert "rtm_start_time_seconds 1700000000" in lines
    assert "rtm_tasks 9" in lines
    assert 'rtm_providers{state="ready"} 1' in lines
    assert 'rtm_providers{state="failed"} 1' in lines
    assert 'rtm_providers{state="stopped"} 0' in lines
    assert 'rtm_provider_up{code="a"} 1' in lines
    assert 'rtm_provider_up{code="b"} 0' in lines
    assert 'rtm_provider_restarts{code="a"} 2' in lines
    assert 'rtm_provider_generation{code="a"} 3' in lines
    assert 'rtm_provider_requests_total{code="a"} 50' in lines
    assert 'rtm_provider_in_flight{code="a"} 4' in lines
    assert "# TYPE rtm_provider_generation counter" in lines


def test_a_daemon_without_providers_has_figures_too() -> None:
    assert "rtm_info" in exposition([], version="1", started_at=STARTED, tasks=1)
