"""Stops an on-demand provider that nobody has used for its `idle_timeout`."""

from __future__ import annotations

from collections.abc import Callable

from runtime_manager.lifecycle.table import Event, State, Wanted
from runtime_manager.supervisor.alarm import Alarm
from runtime_manager.supervisor.runner import Runner


class Idleness:
    """Watches one runner. Each end of use counts the time anew; use under way holds it off.

    The stop goes the way of every stop, so a request that comes while it is under way is held
    by the gateway and starts the provider again.
    """

    def __init__(self, runner: Runner, *, in_flight: Callable[[str, int], int]) -> None:
        self._runner = runner
        self._in_flight = in_flight
        self._alarm = Alarm()

    def count(self) -> None:
        """Start counting: it has just become READY, or its last request has just ended.

        Also once another time is set, or none.
        """
        idle_timeout_s = self._runner.provider.manifest.idle_timeout_s
        self._alarm.cancel()
        if idle_timeout_s is not None and self._runner.instance.state is State.READY:
            self._alarm.arm(idle_timeout_s, self._ring)

    def close(self) -> None:
        """Count no more."""
        self._alarm.cancel()

    def _ring(self) -> None:
        instance = self._runner.instance
        is_idle = not self._in_flight(self._runner.provider.code, instance.generation)
        if instance.state is State.READY and is_idle:
            self._runner.ask(Event.STOP, wanted=Wanted.ON_DEMAND)
